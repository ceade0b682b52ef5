using Pillion.Core.Signals.Metrics;
using Pillion.Proxy.Configuration.Balancing;

namespace Pillion.Proxy.Clusters.Levels;

/// <summary>
/// Requests stay in our own zone, as far as all sidecars of the zone together do not send it more than its part; the rest goes where there is room
/// (Envoy: zone aware routing).
/// </summary>
internal sealed class OwnZoneFirst : LocalityChoice
{
    private const int Whole = 10_000;

    private readonly EndpointSet[] _sets;
    private readonly int[] _roomUpTo;
    private readonly int _staying;
    private readonly double _enabled;

    private OwnZoneFirst(EndpointSet[] sets, int[] roomUpTo, int staying, double enabled)
    {
        _sets = sets;
        _roomUpTo = roomUpTo;
        _staying = staying;
        _enabled = enabled;
    }

    public override IEnumerable<EndpointSet> Sets => _sets;

    /// <summary>Of 10,000 requests, so many stay in our own zone.</summary>
    public int Staying => _staying;

    /// <summary>Null where zones do not matter: too few endpoints, only one zone, or nothing known of our own.</summary>
    /// <param name="localities">Each with its endpoints that may be used.</param>
    public static OwnZoneFirst? Of(ZoneRoutingConfig config, IReadOnlyList<(Locality Locality, EndpointSet Set)> localities)
    {
        var endpoints = localities.Sum(locality => locality.Set.Count);
        var peers = config.Peers.Sum(peer => peer.Count);
        var own = config.Peers.Where(peer => peer.Locality == config.Own).Sum(peer => peer.Count);
        var withEndpoints = localities.Count(locality => locality.Set.Count > 0);
        if (withEndpoints < 2 || config.Peers.Count < 2 || own == 0 || endpoints < config.MinClusterSize)
        {
            return null;
        }

        // Our own stands first.
        var ordered = localities.OrderBy(locality => locality.Locality == config.Own ? 0 : 1).ToArray();
        var hasOwn = ordered[0].Locality == config.Own;
        var room = new int[ordered.Length];
        var staying = 0;
        var upTo = 0;
        for (var i = 0; i < ordered.Length; i++)
        {
            var asking = Whole * config.Peers.Where(peer => peer.Locality == ordered[i].Locality).Sum(peer => peer.Count) / peers;
            var bearing = Whole * ordered[i].Set.Count / endpoints;
            if (i == 0 && hasOwn)
            {
                staying = bearing == 0 ? 0 : bearing >= asking ? Whole : (int)((long)Whole * bearing / asking);
            }
            else
            {
                upTo += Math.Max(0, bearing - asking);
            }

            room[i] = upTo;
        }

        return new([.. ordered.Select(locality => locality.Set)], room, staying, config.EnabledPercent);
    }

    public override EndpointSet? Choose(Random random, ClusterMetrics metrics)
    {
        if (_enabled < 100 && random.NextDouble() * 100 >= _enabled)
        {
            return null;
        }

        if (_staying == Whole)
        {
            metrics.ZoneRoutingDirect++;
            return _sets[0];
        }

        if (random.Next(Whole) < _staying)
        {
            metrics.ZoneRoutingSampled++;
            return _sets[0];
        }

        metrics.ZoneRoutingCrossZone++;
        if (_roomUpTo[^1] == 0)
        {
            // Only rounding leaves no room anywhere.
            return null;
        }

        var drawn = random.Next(_roomUpTo[^1]);
        var at = 0;
        while (drawn >= _roomUpTo[at])
        {
            at++;
        }

        return _sets[at];
    }
}
