using Pillion.Core.Signals.Metrics;
using Pillion.Net;
using Pillion.Net.Detection;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Configuration.Transport;
using Pillion.Proxy.Listeners.Matching;

namespace Pillion.Proxy.Listeners;

/// <summary>A listener as one configuration has it, compiled.</summary>
internal sealed class ListenerSnapshot
{
    private readonly ListenerMetrics[] _metrics;
    private readonly ChainSnapshot[] _chains;
    private readonly ChainSnapshot? _default;
    private readonly ChainSnapshot? _only;
    private readonly DetectionSettings? _detection;
    private readonly DetectionSettings? _detectionBehindHeader;

    /// <param name="chains">As the configuration orders them, the default chain, where there is one, last.</param>
    public ListenerSnapshot(ListenerConfig config, IReadOnlyList<ChainSnapshot> chains, MetricRegistry metrics, int loops)
    {
        Config = config;
        Chains = chains;
        _metrics = [.. Enumerable.Range(0, loops).Select(loop => metrics.Listener(config.Address.ToString(), loop))];
        _default = config.DefaultChain is null ? null : chains[^1];
        _chains = [.. config.DefaultChain is null ? chains : chains.SkipLast(1)];
        _only = chains.Count == 1 && (chains[0] == _default || chains[0].Config.Match.IsEmpty) ? chains[0] : null;

        var first = NeedsFirstBytes(config);
        var settings = new DetectionSettings
        {
            Protocol = first,
            ReadClientHello = config.Detection.Tls || chains.Any(AsksForHello),
            // Where only HTTP is served, the client speaks first, with or without TLS: a connection that was opened early waits to be told what it is.
            SilenceTimeout = config.Detection.ContinueOnTimeout && chains.All(chain => chain.Tcp is null) ? TimeSpan.Zero : config.Detection.Timeout,
        };
        _detection = first ? settings : null;
        if (config.ProxyHeader is { } header)
        {
            _detectionBehindHeader = settings with
            {
                ProxyHeader = header.Optional ? ProxyHeaderUse.Optional : ProxyHeaderUse.Required,
                AllowVersion1 = header.AllowV1,
                AllowVersion2 = header.AllowV2,
            };
        }
    }

    public ListenerConfig Config { get; }

    public string Name => Config.Name;

    public IReadOnlyList<ChainSnapshot> Chains { get; }

    public int MaxConnections => Config.MaxConnections;

    public ListenerMetrics Metrics(ProxyLoop loop) => _metrics[loop.Index];

    /// <summary>Within this a client must have said something, whatever else is waited for.</summary>
    public TimeSpan FirstByteTimeout => Config.Http?.IdleTimeout ?? TimeSpan.Zero;

    /// <summary>What to look for in the first bytes that a peer sends; null is nothing.</summary>
    public DetectionSettings? DetectionFor(PeerAddress peer) => IsBelieved(peer) ? _detectionBehindHeader : _detection;

    /// <summary>The chain that takes a connection; null where none does.</summary>
    public ChainSnapshot? Choose(in ConnectionFacts facts) => _only ?? ChainMatcher.Choose(_chains, facts) ?? _default;

    /// <summary>The chain of this name, as connections that were accepted by an earlier configuration look for theirs; null where there is none any more.</summary>
    public ChainSnapshot? Find(string chain)
    {
        foreach (var candidate in Chains)
        {
            if (candidate.Name == chain)
            {
                return candidate;
            }
        }

        return null;
    }

    private static bool NeedsFirstBytes(ListenerConfig config) =>
        config.Detection.Tls || config.Detection.Http ||
        config.AllChains.Any(chain => chain.Match is { IsTls: not null } or { ServerNames.Count: > 0 } or { ApplicationProtocols.Count: > 0 }) ||
        // HTTP beside other bytes, in the clear: inside of TLS it is looked for when that has been taken off.
        config.AllChains.Any(chain => chain is { Tls: null, Http: not null, Tcp: not null });

    private static bool AsksForHello(ChainSnapshot chain) => chain.Config.Match is { ServerNames.Count: > 0 } or { ApplicationProtocols.Count: > 0 };

    private bool IsBelieved(PeerAddress peer)
    {
        if (Config.ProxyHeader is not { } header || peer.ToIPAddress() is not { } address)
        {
            return false;
        }

        foreach (var range in header.From)
        {
            if (range.Contains(address))
            {
                return true;
            }
        }

        return false;
    }
}
