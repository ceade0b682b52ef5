using System.Text;
using Pillion.Core.Signals;
using Pillion.Core.Signals.Metrics;
using Pillion.Net.Http;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Filters;
using Pillion.Proxy.Routing;
using Pillion.Proxy.Telemetry;
using Pillion.Proxy.Transport;

namespace Pillion.Proxy.Listeners;

/// <summary>The HTTP of a filter chain as one configuration has it, compiled: what a request needs is found without a lookup by name.</summary>
internal sealed class HttpSnapshot
{
    private static readonly string[] ReceivedVersions = ["1.0", "1.1", "2.0"];

    private readonly RouteTable _routes;
    private readonly byte[][] _via;
    private readonly byte[]? _servicePrefix;
    private readonly HttpMetrics[] _http;
    private readonly AccessLogSet _logs;
    private readonly DownstreamTls? _tls;

    public HttpSnapshot(ListenerConfig listener, HttpConfig http, RouteTable routes, RouteFilters filters, MetricRegistry metrics, int loops, string instance, AccessLogSet logs, Tracer? tracer, DownstreamTls? tls)
    {
        Name = listener.Name;
        Direction = listener.Direction;
        Http = http;
        _routes = routes;
        Filters = filters;
        _logs = logs;
        Tracer = tracer;
        _tls = tls;
        _servicePrefix = http.ServicePathPrefix is { } prefix ? Encoding.UTF8.GetBytes(prefix) : null;
        _http = [.. Enumerable.Range(0, loops).Select(loop => metrics.Http(http.StatPrefix, loop))];
        foreach (var host in routes.VirtualHosts)
        {
            foreach (var route in host.Routes)
            {
                route.Metrics = [.. Enumerable.Range(0, loops).Select(loop => metrics.Route(host.Name, route.Name, loop))];
            }
        }

        ServerNameBytes = Encoding.ASCII.GetBytes(http.ServerName);
        ViaBytes = Encoding.ASCII.GetBytes($"{http.Via}-{instance}-{(uint)string.GetHashCode(listener.Name, StringComparison.Ordinal) & 0xFFFF:x4}");
        _via = [.. ReceivedVersions.Select(version => Encoding.ASCII.GetBytes($"{version} {Encoding.ASCII.GetString(ViaBytes)}"))];
    }

    /// <summary>The listener's.</summary>
    public string Name { get; }

    public TrafficDirection Direction { get; }

    public HttpConfig Http { get; }

    /// <summary>What a request goes through that no route matches.</summary>
    public RouteFilters Filters { get; }

    /// <summary>Null: traces are neither read nor made here.</summary>
    public Tracer? Tracer { get; }

    /// <summary>The URI name of the certificate that this side shows; null in the clear, or where it has none.</summary>
    public string? OwnIdentity => _tls?.OwnIdentity;

    public ReadOnlySpan<byte> ServerName => ServerNameBytes;

    /// <summary>This listener of this process in a Via field: the pseudonym, without the version before it.</summary>
    public ReadOnlySpan<byte> ViaName => ViaBytes;

    private byte[] ServerNameBytes { get; }

    private byte[] ViaBytes { get; }

    /// <summary>What this listener adds to Via: the version of the message that it received (RFC 9110 §7.6.3) and its name.</summary>
    /// <param name="version">10, 11 or 20.</param>
    public ReadOnlySpan<byte> ViaFor(byte version) => _via[version switch { 10 => 0, 20 => 2, _ => 1 }];

    public HttpMetrics Metrics(ProxyLoop loop) => _http[loop.Index];

    /// <summary>The route for a request. A service named in the path (<c>/proxy/{service}/…</c>) becomes its host, and the rest its path.</summary>
    public Route? Match(RequestHead request)
    {
        if (_servicePrefix is not null)
        {
            ServicePath.Take(request, _servicePrefix, _routes);
        }

        return _routes.Match(request, request.Authority, out _);
    }

    public void Log(ProxyLoop loop, RequestRecord record, RequestHead request, ResponseHead response, FieldList? trailers) => _logs.Write(loop.Index, record, request, response, trailers);
}
