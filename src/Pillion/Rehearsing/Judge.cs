using System.Text;
using Pillion.Net.Http;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Routing;
using HttpMethod = Pillion.Net.Http.HttpMethod;

namespace Pillion.Rehearsing;

/// <summary>What a configuration decides on a request of a log, by the very tables that the proxy routes with.</summary>
internal sealed class Judge
{
    // What Pillion's own log cuts: RequestRecord.Target and Authority.
    private const int LoggedTarget = 256;
    private const int LoggedAuthority = 96;

    private readonly Dictionary<string, List<Table>> _listeners = [];
    private readonly string? _listener;
    private readonly RequestHead _head = new();
    private readonly ResponseHead _answer = new();

    /// <param name="listener">Judges all by this one; null goes by what the log says.</param>
    public Judge(ProxyConfig config, string? listener)
    {
        _listener = listener;
        foreach (var served in config.Listeners)
        {
            // Chains with the same routes decide the same: which of them took a connection need not be known.
            var tables = served.AllChains.Select(chain => chain.Http).OfType<HttpConfig>().DistinctBy(http => (http.Routes, http.Rules, http.ServicePathPrefix)).Select(http => new Table(http)).ToList();
            if (tables.Count > 0)
            {
                _listeners[served.Name] = tables;
            }
        }
    }

    /// <summary>Listeners that serve HTTP.</summary>
    public IEnumerable<string> Listeners => _listeners.Keys;

    /// <summary>Null where the log does not hold what the decision hangs on; the reason is then a few words.</summary>
    public Decision? Decide(LoggedRequest request, out string reason)
    {
        var name = _listener ?? request.Listener;
        var tables = name.Length == 0 && _listeners.Count == 1 ? _listeners.Values.First() : _listeners.GetValueOrDefault(name);
        if (tables is null)
        {
            reason = name.Length == 0 ? "the log does not say which listener it came to (--listener NAME says it)" : $"there is no HTTP listener '{name}' in the configuration (--listener NAME chooses another)";
            return null;
        }

        if (request.IsOurs && (Encoding.UTF8.GetByteCount(request.Target) >= LoggedTarget || Encoding.UTF8.GetByteCount(request.Authority) >= LoggedAuthority))
        {
            reason = "its target or host is longer than the log holds";
            return null;
        }

        Decision? found = null;
        foreach (var table in tables)
        {
            if (Decide(table, request, out reason) is not { } decision)
            {
                return null;
            }

            if (found is { } other && other.DiffersFrom(decision))
            {
                reason = "the listener has several filter chains that decide differently, and the log does not say which it was";
                return null;
            }

            found = decision;
        }

        reason = "";
        return found;
    }

    private Decision? Decide(Table table, LoggedRequest request, out string reason)
    {
        Fill(table, request);
        string? unknown = null;
        var route = table.HasHeaderConditions ? table.Routes.MayMatch(_head, header => IsKnown(header, request), out unknown) : table.Routes.Match(_head);
        if (unknown is not null)
        {
            reason = $"route {route!.Name} asks for the header {unknown}, which the log does not hold";
            return null;
        }

        reason = "";
        return route is null ? new Decision(DecisionKind.NoRoute) : (route.Action switch
        {
            ForwardAction forward => new Decision(DecisionKind.Forward, route.Name, ClusterOf(forward, request)),
            RedirectAction redirect => Redirect(redirect, route.Name),
            DirectAction direct => new Decision(DecisionKind.Answer, route.Name, Status: direct.Status),
            _ => new Decision(DecisionKind.Answer, route.Name),
        }) with { Source = route.Source.Line > 0 ? route.Source.ToString() : null, Settings = table.Settings[route] };
    }

    // Of a split, the one that was chosen then may be chosen again.
    private static string ClusterOf(ForwardAction forward, LoggedRequest request) =>
        forward.ClusterHeader is { } header ? $"the one that the header {Encoding.ASCII.GetString(header)} names" :
        request.Cluster is { } logged && forward.Clusters.Contains(logged) ? logged :
        string.Join(" or ", forward.Clusters);

    private Decision Redirect(RedirectAction redirect, string route)
    {
        _answer.Clear();
        redirect.Write(_head, _answer);
        return new Decision(DecisionKind.Redirect, route, Status: redirect.Status, Location: Encoding.UTF8.GetString(_answer.Fields.Get(KnownField.Location)));
    }

    private void Fill(Table table, LoggedRequest request)
    {
        _head.Clear();
        var method = Encoding.UTF8.GetBytes(request.Method);
        _head.SetMethod(HttpMethods.Identify(method), method);
        _head.SetAuthority(Encoding.UTF8.GetBytes(request.Authority));
        _head.Form = _head.Method == HttpMethod.Connect ? TargetForm.Authority : request.Target == "*" ? TargetForm.Asterisk : TargetForm.Origin;
        if (_head.Form != TargetForm.Authority)
        {
            _head.SetTarget(Resolved(Encoding.UTF8.GetBytes(request.Target), table.Rules));
        }

        if (request.UserAgent is { } agent)
        {
            _head.Fields.Add("user-agent"u8, Encoding.UTF8.GetBytes(agent));
        }

        if (request.ForwardedFor is { } forwarded)
        {
            _head.Fields.Add("x-forwarded-for"u8, Encoding.UTF8.GetBytes(forwarded));
        }

        if (table.ServicePrefix is { } prefix)
        {
            ServicePath.Take(_head, prefix, table.Routes);
        }
    }

    // As the codec does before anything is matched.
    private static byte[] Resolved(byte[] target, HttpRules rules)
    {
        var path = target.AsSpan();
        path = path.IndexOf((byte)'?') is >= 0 and var question ? path[..question] : path;
        if (!rules.NormalizeDotSegments || path is not [(byte)'/', ..] || !PathNormalizer.HasDotSegments(path))
        {
            return target;
        }

        var resolved = new byte[target.Length];
        var length = PathNormalizer.ResolveDotSegments(path, resolved);
        target.AsSpan(path.Length).CopyTo(resolved.AsSpan(length));
        return resolved[..(length + target.Length - path.Length)];
    }

    private static bool IsKnown(string header, LoggedRequest request) => header.ToLowerInvariant() switch
    {
        ":method" or ":path" or ":authority" or "host" => true,
        "user-agent" => request.IsOurs || request.UserAgent is not null,
        "x-forwarded-for" => request.IsOurs || request.ForwardedFor is not null,
        _ => false,
    };

    private sealed class Table
    {
        public Table(HttpConfig http)
        {
            Routes = RouteTable.Build(http.Routes, http.Rules);
            Rules = http.Rules;
            ServicePrefix = http.ServicePathPrefix is { } prefix ? Encoding.UTF8.GetBytes(prefix) : null;
            HasHeaderConditions = http.Routes.VirtualHosts.SelectMany(host => host.Routes).Any(route => route.Match.Headers.Count > 0);
            Settings = Routes.VirtualHosts.SelectMany(host => host.Routes.ToArray()).Zip(http.Routes.VirtualHosts.SelectMany(host => host.Routes)).ToDictionary();
        }

        public RouteTable Routes { get; }

        public HttpRules Rules { get; }

        public byte[]? ServicePrefix { get; }

        /// <summary>What each compiled route was compiled from.</summary>
        public Dictionary<Route, RouteConfig> Settings { get; }

        public bool HasHeaderConditions { get; }
    }
}
