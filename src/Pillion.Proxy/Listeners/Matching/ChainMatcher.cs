using System.Net;
using Pillion.Net;
using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Listeners.Matching;

/// <summary>
/// Envoy's choice among filter chains: criterion by criterion in its fixed order, the most specific value that some chain gives wins and the others
/// are out; there is no way back. So a chain for an exact server name is not taken over by one for any name because of a later criterion.
/// </summary>
internal static class ChainMatcher
{
    /// <summary>The chain that fits best; null where none does.</summary>
    public static ChainSnapshot? Choose(ReadOnlySpan<ChainSnapshot> chains, in ConnectionFacts facts)
    {
        var left = new List<ChainSnapshot>(chains.Length);
        left.AddRange(chains);
        int port = facts.Destination.Port, sourcePort = facts.Source.Port;
        var (isTls, protocols) = (facts.IsTls, facts.ApplicationProtocols ?? []);
        Keep(left, match => match.DestinationPort is { } wanted ? (wanted == port ? 1 : -1) : 0);
        Keep(left, facts.Destination.ToIPAddress(), static match => match.DestinationRanges);
        KeepNames(left, facts.ServerName);
        Keep(left, match => match.IsTls is { } wanted ? (wanted == isTls ? 1 : -1) : 0);
        Keep(left, match => match.ApplicationProtocols.Count == 0 ? 0 : Rank(match, protocols));
        Keep(left, facts.Source.ToIPAddress(), static match => match.SourceRanges);
        Keep(left, match => match.SourcePorts.Count == 0 ? 0 : match.SourcePorts.Contains(sourcePort) ? 1 : -1);
        return left.Count > 0 ? left[0] : null;
    }

    // A score below zero is out, zero is a chain that does not ask, and the highest of those above wins.
    private static void Keep(List<ChainSnapshot> left, Func<FilterChainMatchConfig, int> score)
    {
        var best = left.Select(chain => score(chain.Config.Match)).DefaultIfEmpty(-1).Max();
        left.RemoveAll(chain => best < 0 || score(chain.Config.Match) != best);
    }

    private static void Keep(List<ChainSnapshot> left, IPAddress? address, Func<FilterChainMatchConfig, IReadOnlyList<IPNetwork>> ranges) =>
        Keep(left, match => ranges(match) is { Count: > 0 } asked ? Longest(asked, address) : 0);

    // One more than the length, so that a range of everything is still more than not asking.
    private static int Longest(IReadOnlyList<IPNetwork> ranges, IPAddress? address) =>
        address is null ? -1 : ranges.Where(range => range.Contains(address)).Select(range => range.PrefixLength + 1).DefaultIfEmpty(-1).Max();

    private static void KeepNames(List<ChainSnapshot> left, string? name) =>
        Keep(left, match => match.ServerNames.Count == 0 ? 0 : name is null ? -1 : match.ServerNames.Max(pattern => Fit(pattern, name)));

    // An exact name before any suffix, a longer suffix before a shorter one.
    private static int Fit(string pattern, string name) =>
        pattern == name ? int.MaxValue :
        pattern.StartsWith("*.", StringComparison.Ordinal) && name.Length > pattern.Length - 1 && name.EndsWith(pattern[1..], StringComparison.Ordinal) ? pattern.Length : -1;

    // The client's order decides.
    private static int Rank(FilterChainMatchConfig match, IReadOnlyList<string> offered)
    {
        for (var i = 0; i < offered.Count; i++)
        {
            if (match.ApplicationProtocols.Contains(offered[i]))
            {
                return offered.Count - i;
            }
        }

        return -1;
    }
}
