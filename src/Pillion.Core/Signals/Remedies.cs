using Pillion.Core.Resilience;

namespace Pillion.Core.Signals;

/// <summary>What a person can do about a request that failed: one row per <see cref="FailureKind"/>, and one for an upstream's own failures.</summary>
internal static class Remedies
{
    private const string Application = "Look into the application's own log for this request id: the answer is its own, and Pillion passed it on as it came.";
    private const string Upstream = "Look into the upstream's own log for this request id: the answer is its own. Where it passes again by itself, 'retries: { on: [5xx] }' on the route would hide it from the client.";

    private static readonly Dictionary<FailureKind, string> Rows = new()
    {
        [FailureKind.ConnectRefused] = "Start what should listen there, or correct the endpoint: 'pillion check FILE' shows what the file says, /clusters what is used now. A process that has just started refuses for a moment; 'retries: { on: [connect-failure] }' bridges that.",
        [FailureKind.ConnectTimeout] = "Nothing answered at all, as behind a firewall or a dead machine: try 'nc -vz HOST PORT' from here. If the way is only long, raise connect_timeout on the service.",
        [FailureKind.ConnectFailed] = "Read the cause above: no route is a matter of this machine's network, too many open files one of 'ulimit -n', a missing Unix socket one of its path or rights.",
        [FailureKind.TlsFailed] = "Most often one side speaks TLS and the other does not: look whether the port is the TLS port, and whether the service's 'tls' should be off. 'openssl s_client -connect HOST:PORT' shows what the upstream offers.",
        [FailureKind.TlsCertificate] = "Compare who answered with whom the configuration expects (the service's tls names or SPIFFE id), and the authority that signed it with the trust bundle: 'pillion certs show FILE' reads both. An expired certificate says so in the cause.",
        [FailureKind.NameNotResolved] = "Ask the same resolver: 'getent hosts NAME' from here. In Kubernetes the whole name is SERVICE.NAMESPACE.svc.cluster.local.",
        [FailureKind.NoEndpoint] = "Look at /clusters: endpoints marked failed did not pass their health check, and none at all means that the name has no address or the file lists none.",
        [FailureKind.NoCluster] = "The route names a cluster that the configuration does not have: correct the name on the line above or add the cluster.",
        [FailureKind.NoRoute] = "Compare host and path with the routes: 'pillion explain' names the listener, and the first route that matches wins. A route with 'prefix: /' takes what no other does.",
        [FailureKind.ConnectionTerminated] = "The upstream closed while it worked: look for its crash or restart at this time. On a reused connection its keep-alive time-out may simply be shorter than ours: make the service's idle_timeout shorter than that.",
        [FailureKind.ProtocolError] = "What came is not HTTP as Pillion was told to expect: look whether the port speaks TLS, or HTTP/2 where HTTP/1.1 is configured ('protocol' on the service).",
        [FailureKind.RefusedStream] = "The upstream has as many requests as it takes on one connection, or is going away. Pillion tries again by itself where there is another endpoint.",
        [FailureKind.RouteTimeout] = "Raise 'timeout' on the route above if such an answer may take this long; otherwise find out in the upstream's log what it waited for. The bars show where the time went.",
        [FailureKind.PerTryTimeout] = "One attempt took longer than the retry policy allows it: raise the time of one try, or allow more attempts within the route's timeout.",
        [FailureKind.IdleTimeout] = "Nothing moved for the idle time. For long polls and streams raise 'idle_timeout' on the route; otherwise find out which side stopped sending.",
        [FailureKind.RequestTimeout] = "The client was too slow to send its request: raise request_timeout on the listener for large uploads over slow lines.",
        [FailureKind.RequestHeadTimeout] = "The client opened a connection and did not send a whole request. If it is a client of yours, it waits for something; if it is not, this is what the limit is for.",
        [FailureKind.ClientGone] = "The client did not wait for the answer: compare its own time-out with the time above. If that is shorter than the route's 'timeout', work is done here that nobody collects.",
        [FailureKind.BadRequest] = "The cause above names the rule of HTTP that the client broke. What is refused here is what smuggles requests past proxies, so correct the client and not the rule.",
        [FailureKind.RequestTooLarge] = "Send less, or raise the limit that the cause names on the listener or the route.",
        [FailureKind.ResponseTooLarge] = "The upstream's answer is larger than the limit that the cause names: ask for less, raise the limit, or find out why the answer grew.",
        [FailureKind.Overflow] = "The cluster has as much under way as its limits allow: look for a slow upstream first ('pillion top --clusters'), then raise the limit or add endpoints.",
        [FailureKind.LoopDetected] = "The request came back to the sidecar that sent it: an endpoint of the cluster is this sidecar's own port, or captured traffic is captured again. Point the service at the application itself.",
        [FailureKind.Draining] = "The sidecar is stopping. Clients should take another instance; if they do not learn in time, raise 'lifecycle.lame_duck'.",
        [FailureKind.Internal] = "This is a bug in Pillion. Please report it with this text and the lines of the log around that time.",
        [FailureKind.Unauthenticated] = "Send a credential that the policy above believes: the cause says what was missing or wrong with it.",
        [FailureKind.Denied] = "If the caller should be allowed, change the rule on the line above; if not, the refusal is right. 'pillion rehearse' tries a changed file against yesterday's log.",
        [FailureKind.RateLimited] = "Send more slowly, as the answer's Retry-After says where it has one, or raise the limit on the line above. 'pillion top --peers' shows who sends most.",
        [FailureKind.FaultInjected] = "Somebody asked for it: take the 'fault' on the line above out when the test is over.",
        [FailureKind.PolicyUnavailable] = "The service that the policy asks did not answer: 'pillion top --clusters' shows how it fares. Letting pass what cannot be checked is a setting of the policy, and a choice.",
        [FailureKind.Overloaded] = "Pillion came near its memory limit: give it more, or fewer connections and smaller bodies at a time.",
    };

    /// <summary>Empty where nothing needs to be done.</summary>
    public static string Of(RequestRecord record) =>
        record.Failure.IsFailure ? For(record.Failure.Kind) :
        record.Status < 500 || record.AnsweredLocally ? "" :
        record.UpstreamIsApplication ? Application : Upstream;

    public static string For(FailureKind kind) => Rows.GetValueOrDefault(kind, "");
}
