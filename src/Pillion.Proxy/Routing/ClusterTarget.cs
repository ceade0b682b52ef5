using System.Text;
using Pillion.Net.Http;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Filters;

namespace Pillion.Proxy.Routing;

/// <summary>A cluster that a route may send to, and what is changed for its sake alone.</summary>
internal sealed class ClusterTarget
{
    private readonly byte[]? _host;

    public ClusterTarget(string cluster)
    {
        Cluster = cluster;
    }

    public ClusterTarget(SplitPartConfig config)
    {
        Cluster = config.Cluster;
        RequestHeaders = HeaderEdits.Compile([config.RequestHeaders]);
        ResponseHeaders = HeaderEdits.Compile([config.ResponseHeaders]);
        _host = config.HostRewrite is { } host ? Encoding.ASCII.GetBytes(host) : null;
    }

    public string Cluster { get; }

    /// <summary>Made before those of the route (Envoy's order: the most specific first).</summary>
    public HeaderEdits RequestHeaders { get; } = HeaderEdits.None;

    /// <inheritdoc cref="RequestHeaders"/>
    public HeaderEdits ResponseHeaders { get; } = HeaderEdits.None;

    /// <summary>Behind the route's own rewrite.</summary>
    public void Rewrite(RequestHead head)
    {
        if (_host is not null)
        {
            head.SetAuthority(_host);
        }
    }
}
