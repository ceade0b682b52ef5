using System.Globalization;

namespace Pillion.Core.Configuration.Reading;

/// <summary>Sizes as people write them: <c>65536</c>, <c>64KiB</c>, <c>1MB</c>.</summary>
internal static class SizeText
{
    private static readonly (string Unit, long Bytes)[] Units =
    [
        ("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("kB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("B", 1),
    ];

    public static bool TryParse(string text, out long bytes)
    {
        bytes = 0;
        long factor = 1;
        var number = text.AsSpan();
        foreach (var (unit, size) in Units)
        {
            if (text.EndsWith(unit, StringComparison.Ordinal))
            {
                factor = size;
                number = number[..^unit.Length].TrimEnd(' ');
                break;
            }
        }

        if (!uint.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var count))
        {
            return false;
        }

        bytes = count * factor;
        return true;
    }

    public static string Format(long bytes) =>
        bytes > 0 && bytes % (1 << 20) == 0 ? $"{bytes >> 20}MiB" :
        bytes > 0 && bytes % (1 << 10) == 0 ? $"{bytes >> 10}KiB" :
        bytes == int.MaxValue ? "2GiB" : $"{bytes}";
}
