namespace Pillion.Net.Http.Http2;

/// <summary>
/// What a connection announces and what it bears. Defaults are Envoy's for an edge; the flood limits carry Envoy's names where it has them.
/// </summary>
internal sealed record Http2Settings
{
    public static readonly Http2Settings Default = new();

    public int MaxConcurrentStreams { get; init; } = 100;

    /// <summary>Bytes of one stream that may be under way to us or wait here for whoever consumes them.</summary>
    public int StreamWindow { get; init; } = 64 * 1024;

    /// <summary>The same for all streams of the connection together: what it can hold of our memory.</summary>
    public int ConnectionWindow { get; init; } = 1024 * 1024;

    /// <summary>Of the table that the peer's field blocks are read with.</summary>
    public int HeaderTableBytes { get; init; } = 4096;

    /// <summary>The largest frame that we take.</summary>
    public int MaxFrameBytes { get; init; } = FrameHeader.MinMaxLength;

    /// <summary>Extended CONNECT (RFC 8441) is offered to clients.</summary>
    public bool AllowConnect { get; init; } = true;

    /// <summary>A PING is sent when so long nothing was received; zero is never (Envoy: connection_keepalive.interval).</summary>
    public TimeSpan KeepAliveInterval { get; init; }

    /// <summary>The connection is given up when a PING is not answered in this time.</summary>
    public TimeSpan KeepAliveTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>The peer must begin with its preface, and acknowledge our SETTINGS, in this time.</summary>
    public TimeSpan SettingsTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>From a HEADERS frame to the end of its field block: nothing else can be received meanwhile.</summary>
    public TimeSpan HeadTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Frames of any kind that wait to be sent to a peer that does not read.</summary>
    public int MaxOutboundFrames { get; init; } = 10_000;

    /// <summary>The same for SETTINGS, PING and RST_STREAM frames, which the peer can ask for without end.</summary>
    public int MaxOutboundControlFrames { get; init; } = 1_000;

    /// <summary>DATA, HEADERS and CONTINUATION frames one behind the other that hold and end nothing.</summary>
    public int MaxConsecutiveInboundFramesWithEmptyPayload { get; init; } = 1;

    /// <summary>PRIORITY frames per stream opened.</summary>
    public int MaxInboundPriorityFramesPerStream { get; init; } = 100;

    /// <summary>WINDOW_UPDATE frames per DATA frame that we sent.</summary>
    public int MaxInboundWindowUpdateFramesPerDataFrameSent { get; init; } = 10;

    /// <summary>CONTINUATION frames of one field block; its bytes are bounded by the rules for heads.</summary>
    public int MaxContinuationFrames { get; init; } = 16;

    /// <summary>Streams that ended before their answer did, by the peer's RST_STREAM or by ours for its errors: so many at once, then so many a second.</summary>
    public int MaxResets { get; init; } = 500;

    public int MaxResetsPerSecond { get; init; } = 50;

    /// <summary>SETTINGS frames: so many at once, then so many a second.</summary>
    public int MaxSettingsFrames { get; init; } = 100;

    public int MaxSettingsFramesPerSecond { get; init; } = 10;

    /// <summary>PING frames beyond one per HEADERS or DATA frame (some peers measure the delay with each): so many at once, then so many a second.</summary>
    public int MaxPingFrames { get; init; } = 1_000;

    public int MaxPingFramesPerSecond { get; init; } = 100;
}
