using System.Text;
using Pillion.Core.Signals;
using Pillion.Core.Signals.Metrics;
using Pillion.Net.Http;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Routing;

namespace Pillion.Proxy.Listeners;

/// <summary>A listener as one configuration has it, compiled: what a request needs is found without a lookup by name.</summary>
internal sealed class ListenerSnapshot
{
    private readonly RouteTable _routes;
    private readonly byte[]? _servicePrefix;
    private readonly HttpMetrics[] _http;
    private readonly ListenerMetrics[] _listener;
    private readonly AccessLogSet _logs;

    public ListenerSnapshot(ListenerConfig config, RouteTable routes, MetricRegistry metrics, int loops, string instance, AccessLogSet logs)
    {
        Config = config;
        _routes = routes;
        _logs = logs;
        _servicePrefix = config.Http.ServicePathPrefix is { } prefix ? Encoding.UTF8.GetBytes(prefix) : null;
        _http = [.. Enumerable.Range(0, loops).Select(loop => metrics.Http(config.Http.StatPrefix, loop))];
        _listener = [.. Enumerable.Range(0, loops).Select(loop => metrics.Listener(config.Address.ToString(), loop))];
        ServerNameBytes = Encoding.ASCII.GetBytes(config.Http.ServerName);
        ViaBytes = Encoding.ASCII.GetBytes($"1.1 {config.Http.Via}-{instance}-{(uint)string.GetHashCode(config.Name, StringComparison.Ordinal) & 0xFFFF:x4}");
    }

    public ListenerConfig Config { get; }

    public string Name => Config.Name;

    public HttpConfig Http => Config.Http;

    public int MaxConnections => Config.MaxConnections;

    public ReadOnlySpan<byte> ServerName => ServerNameBytes;

    /// <summary>This listener of this process in a Via field.</summary>
    public ReadOnlySpan<byte> ViaToken => ViaBytes;

    private byte[] ServerNameBytes { get; }

    private byte[] ViaBytes { get; }

    public HttpMetrics Metrics(ProxyLoop loop) => _http[loop.Index];

    public ListenerMetrics ListenerMetrics(ProxyLoop loop) => _listener[loop.Index];

    /// <summary>The route for a request. A service named in the path (<c>/proxy/{service}/…</c>) becomes its host, and the rest its path.</summary>
    public Route? Match(RequestHead request)
    {
        if (_servicePrefix is not null)
        {
            TakeServiceFromPath(request);
        }

        return _routes.Match(request, request.Authority, out _);
    }

    public void Log(ProxyLoop loop, RequestRecord record, RequestHead request, ResponseHead response) => _logs.Write(loop.Index, record, request, response);

    private void TakeServiceFromPath(RequestHead request)
    {
        var target = request.Target;
        if (request.Form != TargetForm.Origin || !target.StartsWith(_servicePrefix))
        {
            return;
        }

        var rest = target[_servicePrefix!.Length..];
        var end = rest.IndexOfAny((byte)'/', (byte)'?');
        var service = end < 0 ? rest : rest[..end];
        if (service.IsEmpty || !_routes.HasHost(service))
        {
            return;
        }

        request.SetAuthority(service);
        var path = end < 0 ? default : rest[end..];
        if (path.IsEmpty || path[0] == '?')
        {
            Span<byte> rooted = path.Length < 1024 ? stackalloc byte[1025] : new byte[path.Length + 1];
            rooted[0] = (byte)'/';
            path.CopyTo(rooted[1..]);
            request.SetTarget(rooted[..(path.Length + 1)]);
        }
        else
        {
            request.SetTarget(path);
        }
    }
}
