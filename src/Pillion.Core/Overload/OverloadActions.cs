namespace Pillion.Core.Overload;

/// <summary>What is given up when memory runs short, the least important first.</summary>
[Flags]
internal enum OverloadActions : byte
{
    None = 0,

    /// <summary>Copies of requests that nobody waits for.</summary>
    Mirrors = 1 << 0,

    /// <summary>Pillion's own log below <c>info</c>.</summary>
    DebugLogs = 1 << 1,

    /// <summary>The garbage is collected at once (Envoy: shrink_heap).</summary>
    Garbage = 1 << 2,

    /// <summary>Connections that carry nothing now, of both sides; others close behind their answer (Envoy: disable_http_keepalive).</summary>
    IdleConnections = 1 << 3,

    /// <summary>New connections (Envoy: stop_accepting_connections, reject_incoming_connections).</summary>
    Connections = 1 << 4,

    /// <summary>New requests on connections that are there (Envoy: stop_accepting_requests).</summary>
    Requests = 1 << 5,
}

/// <summary>Their names in metrics, logs and files.</summary>
internal static class OverloadWords
{
    public static readonly (OverloadActions Action, string Word, string Sentence)[] All =
    [
        (OverloadActions.Mirrors, "mirrors", "mirrors"),
        (OverloadActions.DebugLogs, "debug_logs", "debug logs"),
        (OverloadActions.Garbage, "garbage", "garbage"),
        (OverloadActions.IdleConnections, "idle_connections", "idle connections"),
        (OverloadActions.Connections, "connections", "new connections"),
        (OverloadActions.Requests, "requests", "new requests"),
    ];

    public static string Of(OverloadActions actions) => string.Join(", ", All.Where(one => (actions & one.Action) != 0).Select(one => one.Sentence));
}
