using System.Buffers.Text;
using System.Text;
using Pillion.Net.Http;
using Pillion.Proxy.Clusters.Balancing;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Tcp;

namespace Pillion.Proxy.Routing;

/// <summary>Chooses one of several clusters for a request, by weight: by chance, or so that the same caller goes the same way, also through other sidecars.</summary>
internal sealed class TrafficSplit(SplitConfig config)
{
    private readonly WeightedClusters<ClusterTarget> _targets = new(config.Parts.Select(part => (new ClusterTarget(part), (uint)part.Weight)));
    private readonly byte[] _name = Encoding.ASCII.GetBytes(config.ByName);

    public ClusterTarget Pick(RequestHead request, Random random)
    {
        var value = config.By switch
        {
            SplitBy.Chance => default,
            SplitBy.Cookie => RequestCookies.TryGet(request.Fields, _name, out var cookie) ? cookie : default,
            _ => request.Fields.IndexOf(_name) is >= 0 and var index ? request.Fields.Value(index) : default,
        };
        if (value.IsEmpty)
        {
            return _targets.Pick(random);
        }

        if (config.By == SplitBy.DrawnByCaller)
        {
            return Utf8Parser.TryParse(value, out ulong drawn, out var used) && used == value.Length ? _targets.PickAt(drawn) : _targets.Pick(random);
        }

        return _targets.PickShare(XxHash64.Of(value));
    }
}
