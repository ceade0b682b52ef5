namespace Pillion.Net.Http.Http2;

/// <summary>What we announce to an HTTP/2 peer and how much of each kind of frame we take (Envoy: Http2ProtocolOptions, with its figures unless said).</summary>
internal sealed record Http2Settings
{
    public static readonly Http2Settings Default = new();

    /// <summary>Envoy: max_concurrent_streams; 100 as its edge advice says.</summary>
    public int MaxConcurrentStreams { get; init; } = 100;

    /// <summary>Bytes that one stream may send before we have passed them on (Envoy: initial_stream_window_size; 64 KiB as its edge advice says).</summary>
    public int StreamWindow { get; init; } = 64 * 1024;

    /// <summary>The same for all streams of a connection (Envoy: initial_connection_window_size; 1 MiB as its edge advice says).</summary>
    public int ConnectionWindow { get; init; } = 1024 * 1024;

    /// <summary>Bytes of the table that a peer's encoder may use (Envoy: hpack_table_size).</summary>
    public int HeaderTableBytes { get; init; } = 4096;

    /// <summary>The longest frame that we take (SETTINGS_MAX_FRAME_SIZE).</summary>
    public int MaxFrameBytes { get; init; } = 16 * 1024;

    /// <summary>Offer CONNECT with a protocol (RFC 8441; Envoy: allow_connect).</summary>
    public bool AllowConnect { get; init; } = true;

    /// <summary>A PING after this long without a frame; zero is none (Envoy: connection_keepalive.interval).</summary>
    public TimeSpan KeepAliveInterval { get; init; }

    /// <summary>Its answer must come within this time (Envoy: connection_keepalive.timeout).</summary>
    public TimeSpan KeepAliveTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Envoy: max_outbound_frames.</summary>
    public int MaxOutboundFrames { get; init; } = 10_000;

    /// <summary>Frames that we owe as answers: PING, SETTINGS, RST_STREAM (Envoy: max_outbound_control_frames).</summary>
    public int MaxOutboundControlFrames { get; init; } = 1_000;

    /// <summary>Envoy: max_consecutive_inbound_frames_with_empty_payload.</summary>
    public int MaxConsecutiveEmptyFrames { get; init; } = 1;

    /// <summary>Envoy: max_inbound_priority_frames_per_stream.</summary>
    public int MaxPriorityFramesPerStream { get; init; } = 100;

    /// <summary>Envoy: max_inbound_window_update_frames_per_data_frame_sent.</summary>
    public int MaxWindowUpdatesPerDataFrame { get; init; } = 10;
}
