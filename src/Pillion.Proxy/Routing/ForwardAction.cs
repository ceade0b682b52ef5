using System.Text;
using Pillion.Core.Configuration;
using Pillion.Net.Http;
using Pillion.Proxy.Clusters.Levels;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Routing.Hashing;

namespace Pillion.Proxy.Routing;

/// <summary>Send the request to a cluster.</summary>
internal sealed class ForwardAction(ForwardConfig config, VirtualHostConfig host, PathMatcher path, HttpRules rules) : RouteAction
{
    private readonly byte[]? _host = config.HostRewrite is { } name ? Encoding.ASCII.GetBytes(name) : null;
    private readonly PathRewrite? _path = PathRewrite.Compile(config.PrefixRewrite, config.RegexRewrite, path, rules);

    public string Cluster { get; } = config.Cluster;

    /// <summary>By what its requests are kept with an endpoint; null where nothing does.</summary>
    public HashPolicies? Hash { get; } = HashPolicies.Compile(config.HashPolicies);

    /// <summary>Only endpoints with these labels, where the cluster divides its endpoints by labels.</summary>
    public LabelSet Labels { get; } = config.Labels;

    /// <summary>All tries together; zero is no limit.</summary>
    public TimeSpan Timeout { get; } = config.Timeout;

    /// <summary>How far a client's grpc-timeout is believed; null does not look, zero is as it says.</summary>
    public TimeSpan? GrpcTimeoutMax { get; } = config.GrpcTimeoutMax;

    public TimeSpan GrpcTimeoutOffset { get; } = config.GrpcTimeoutOffset;

    /// <summary>A grpc-timeout takes the place of <see cref="Timeout"/>.</summary>
    public bool GrpcTimeoutReplaces { get; } = config.GrpcTimeoutReplaces;

    /// <summary>Null keeps the listener's stream idle time-out, zero is none.</summary>
    public TimeSpan? IdleTimeout { get; } = config.IdleTimeout;

    /// <summary>The route's own policy, else its virtual host's; null retries only what is always safe.</summary>
    public RetryConfig? Retry { get; } = config.Retry ?? host.Retry;

    public int ClusterNotFoundStatus { get; } = config.ClusterNotFoundStatus;

    /// <summary>Lower case; null keeps the listener's.</summary>
    public ValueList<string>? Upgrades { get; } = config.Upgrades;

    public bool TerminateConnect { get; } = config.TerminateConnect;

    /// <summary>Once the endpoint is chosen, Host becomes its <c>HostName</c>, where it has one.</summary>
    public bool AutoHostRewrite { get; } = config.AutoHostRewrite;

    /// <summary>
    /// Rewrites host and path of a request that this action's route matched. Called once, after the header edits, which see the path as it came;
    /// a path that changes is kept in X-Envoy-Original-Path (as Envoy does).
    /// </summary>
    public void Rewrite(RequestHead head)
    {
        if (_host is not null)
        {
            head.SetAuthority(_host);
        }

        if (_path is null || head.Form is TargetForm.Authority or TargetForm.Asterisk)
        {
            return;
        }

        var target = _path.Apply(head.Target, Scratch.OfThread);
        head.Fields.Set(KnownField.XEnvoyOriginalPath, head.Target);
        head.SetTarget(target);
    }
}
