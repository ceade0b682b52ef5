using System.Text;
using Pillion.Core.Configuration;
using Pillion.Net.Http;
using Pillion.Proxy.Clusters.Levels;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Mirroring;
using Pillion.Proxy.Retries;
using Pillion.Proxy.Routing.Hashing;

namespace Pillion.Proxy.Routing;

/// <summary>Send the request to a cluster.</summary>
internal sealed class ForwardAction(ForwardConfig config, VirtualHostConfig host, PathMatcher path, HttpRules rules) : RouteAction
{
    private readonly byte[]? _host = config.HostRewrite is { } name ? Encoding.ASCII.GetBytes(name) : null;
    private readonly PathRewrite? _path = PathRewrite.Compile(config.PrefixRewrite, config.RegexRewrite, path, rules);

    private readonly ClusterTarget _target = new(config.Cluster);
    private readonly TrafficSplit? _split = config.Split is { } split ? new TrafficSplit(split) : null;

    /// <summary>The request header that names the cluster; null where the route does.</summary>
    public byte[]? ClusterHeader { get; } = config.ClusterHeader is { } header ? Encoding.ASCII.GetBytes(header) : null;

    /// <summary>Every cluster that its requests may go to; none where a header of theirs names it.</summary>
    public IReadOnlyList<string> Clusters { get; } = config.ClusterHeader is not null ? [] : config.Split is { } parts ? [.. parts.Parts.Select(part => part.Cluster)] : [config.Cluster];

    /// <summary>Who else gets a copy.</summary>
    public Mirror[] Mirrors { get; } = [.. (config.Mirrors.Count > 0 ? config.Mirrors : host.Mirrors).Select(mirror => new Mirror(mirror))];

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
    public RetryPolicy? Retry { get; } = RetryPolicy.Of(config.Retry ?? host.Retry);

    /// <summary>Each try has its number in X-Envoy-Attempt-Count, in Envoy's way.</summary>
    public bool CountsAttempts { get; } = host.CountsAttempts;

    /// <summary>The answer says how many tries there were.</summary>
    public bool TellsAttempts { get; } = host.TellsAttempts || (config.Retry ?? host.Retry) is { TellsClient: true };

    public RoutePriority Priority { get; } = config.Priority;

    public int ClusterNotFoundStatus { get; } = config.ClusterNotFoundStatus;

    /// <summary>Lower case; null keeps the listener's.</summary>
    public ValueList<string>? Upgrades { get; } = config.Upgrades;

    public bool TerminateConnect { get; } = config.TerminateConnect;

    /// <summary>Once the endpoint is chosen, Host becomes its <c>HostName</c>, where it has one.</summary>
    public bool AutoHostRewrite { get; } = config.AutoHostRewrite;

    /// <summary>Where a request goes, all its tries; where <see cref="ClusterHeader"/> says that, it is not this.</summary>
    public ClusterTarget PickTarget(RequestHead request, Random random) => _split?.Pick(request, random) ?? _target;

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
