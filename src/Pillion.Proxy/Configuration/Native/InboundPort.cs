using System.Globalization;
using Pillion.Core.Configuration.Reading;
using Pillion.Net;

namespace Pillion.Proxy.Configuration.Native;

/// <summary>What callers speak with the application.</summary>
internal enum InboundProtocol
{
    /// <summary>HTTP/1.1, HTTP/2, or anything else, which goes on as bytes.</summary>
    Auto,

    /// <summary>HTTP/1.1 or HTTP/2.</summary>
    Http,
    Http1,
    Http2,
    Tcp,
}

/// <summary>Something that the inbound side serves: connections to one port, or to any, with where they go.</summary>
/// <param name="Port">The port that the caller connected to; null is any that no other has.</param>
internal sealed record InboundPort(int? Port, string Cluster, InboundProtocol Protocol)
{
    public bool IsHttp => Protocol != InboundProtocol.Tcp;

    public bool IsBytes => Protocol is InboundProtocol.Auto or InboundProtocol.Tcp;

    public HttpProtocol Codec => Protocol switch
    {
        InboundProtocol.Http1 => HttpProtocol.Http1,
        InboundProtocol.Http2 => HttpProtocol.Http2,
        _ => HttpProtocol.Auto,
    };

    /// <summary><c>ports: { 9090: http1, 5432: tcp }</c>: further ports of the application, each with a cluster of its own.</summary>
    public static List<(InboundPort Port, ClusterConfig Cluster)> Read(ConfigValue value, ClusterConfig app)
    {
        var ports = new List<(InboundPort, ClusterConfig)>();
        var host = app.Endpoints is [{ Address: { IsUnix: false } address }] ? address : null;
        value.AsNamed("PORT", (name, item) =>
        {
            var protocol = item.AsOneOf(NativeNames.InboundProtocols, InboundProtocol.Auto);
            if (item.IsDescribing)
            {
                return;
            }

            if (!int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port is 0 or > 65535)
            {
                item.Fail($"{Core.Configuration.ConfigError.Quote(name)} is not a port", "use 1-65535");
            }
            else if (host is not null)
            {
                var cluster = $"{NativeNames.App}:{port}";
                ports.Add((new(port, cluster, protocol), app with { Name = cluster, Endpoints = [new() { Address = new Address(host.Host, port), Source = item.Source }], Source = item.Source }));
            }
        });
        if (value.Exists && host is null)
        {
            value.Fail("has no application whose ports they are", "add 'app: { address: 127.0.0.1:8080 }'");
        }

        return ports;
    }
}
