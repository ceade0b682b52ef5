using System.Net;
using Pillion.Core.Configuration;

namespace Pillion.Proxy.Configuration.Reading;

/// <summary>
/// Finds chains of which one connection could fit two equally well. As in Envoy, each combination of what a chain lists is its own, and an empty
/// list is a value too.
/// </summary>
internal sealed class ChainOverlaps
{
    /// <summary>More than any honest listener has; each is kept while the file is read.</summary>
    public const int MostCombinations = 100_000;

    private readonly Dictionary<Combination, string> _taken = [];

    /// <summary>The name of an earlier chain that takes the same connections; null where there is none.</summary>
    public string? Add(string name, FilterChainMatchConfig match)
    {
        foreach (var combination in Expand(match))
        {
            if (!_taken.TryAdd(combination, name) && _taken[combination] is var earlier && earlier != name)
            {
                return earlier;
            }

            if (_taken.Count >= MostCombinations)
            {
                return null;
            }
        }

        return null;
    }

    public bool IsFull => _taken.Count >= MostCombinations;

    private static IEnumerable<Combination> Expand(FilterChainMatchConfig match) =>
        from destination in OrAny(match.DestinationRanges)
        from name in OrAny(match.ServerNames, "")
        from protocol in OrAny(match.ApplicationProtocols, "")
        from source in OrAny(match.SourceRanges)
        from port in match.SourcePorts.Count == 0 ? [0] : match.SourcePorts
        select new Combination(match.DestinationPort, destination, name, match.IsTls, protocol, source, port);

    private static IEnumerable<string> OrAny(ValueList<string> values, string any) => values.Count == 0 ? [any] : values;

    private static IEnumerable<IPNetwork?> OrAny(ValueList<IPNetwork> values) => values.Count == 0 ? [null] : values.Select(value => (IPNetwork?)value);

    private readonly record struct Combination(int? DestinationPort, IPNetwork? Destination, string ServerName, bool? IsTls, string Protocol, IPNetwork? Source, int SourcePort);
}
