using Pillion.Core.Configuration.Roles;

namespace Pillion.Capture;

/// <summary>Ranges in order, those that overlap or touch made one: the kernel's sets take no port twice.</summary>
internal static class PortRanges
{
    public static IReadOnlyList<PortRange> Merge(IEnumerable<PortRange> ranges)
    {
        var merged = new List<PortRange>();
        foreach (var range in ranges.OrderBy(range => range.First))
        {
            if (merged is [.., var last] && range.First <= last.Last + 1)
            {
                merged[^1] = last with { Last = Math.Max(last.Last, range.Last) };
            }
            else
            {
                merged.Add(range);
            }
        }

        return merged;
    }
}
