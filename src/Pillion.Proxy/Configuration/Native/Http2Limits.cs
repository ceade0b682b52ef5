using Pillion.Core.Configuration.Reading;
using Pillion.Net.Http.Http2;

namespace Pillion.Proxy.Configuration.Native;

/// <summary><c>http2:</c>, of a listener or a service: windows, streams and how much of a flood is borne.</summary>
internal static class Http2Limits
{
    // RFC 9113 §6.9.2, §6.5.2: no window is larger, and one smaller than a frame only stalls.
    private const int SmallestWindow = 16 * 1024;
    private const int LargestTable = 1024 * 1024;

    public static Http2Settings Read(ConfigValue value)
    {
        var defaults = Http2Settings.Default;
        using var map = value.AsMap("http2");
        return defaults with
        {
            MaxConcurrentStreams = map.Optional("max_concurrent_streams", "Requests of one connection at the same time.").AsInt(defaults.MaxConcurrentStreams, 1),
            StreamWindow = map.Optional("stream_window", "Bytes that one request may send ahead of what has been passed on.").AsSize(defaults.StreamWindow, SmallestWindow),
            ConnectionWindow = map.Optional("connection_window", "The same for all requests of a connection.").AsSize(defaults.ConnectionWindow, SmallestWindow),
            HeaderTableBytes = map.Optional("header_table", "Size of the table by which headers are compressed; 0 is none.").AsSize(defaults.HeaderTableBytes, 0, LargestTable),
            AllowConnect = map.Optional("extended_connect", "Offer CONNECT with a protocol, by which WebSockets come over HTTP/2.").AsBool(defaults.AllowConnect),
            KeepAliveInterval = map.Optional("keep_alive", "A PING after this long without a frame; 0s is none.").AsDuration(defaults.KeepAliveInterval),
            KeepAliveTimeout = map.Optional("keep_alive_timeout", "The PING must be answered within this time.").AsDuration(defaults.KeepAliveTimeout, TimeSpan.FromMilliseconds(1)),
            MaxOutboundFrames = map.Optional("max_outbound_frames", "Frames that wait to be sent; more end the connection.").AsInt(defaults.MaxOutboundFrames, 1),
            MaxOutboundControlFrames = map.Optional("max_outbound_control_frames", "Of these, answers to PING, SETTINGS and RST_STREAM.").AsInt(defaults.MaxOutboundControlFrames, 1),
            MaxConsecutiveInboundFramesWithEmptyPayload = map.Optional("max_consecutive_empty_frames", "Frames in a row that carry nothing.").AsInt(defaults.MaxConsecutiveInboundFramesWithEmptyPayload),
            MaxInboundPriorityFramesPerStream = map.Optional("max_priority_frames_per_stream", "PRIORITY frames for each request.").AsInt(defaults.MaxInboundPriorityFramesPerStream),
            MaxInboundWindowUpdateFramesPerDataFrameSent = map.Optional("max_window_updates_per_data_frame", "WINDOW_UPDATE frames for each DATA frame that was sent.").AsInt(defaults.MaxInboundWindowUpdateFramesPerDataFrameSent, 1),
            MaxResets = map.Optional("max_resets", "Requests given up by their client before they were answered, at once; more end the connection.").AsInt(defaults.MaxResets, 1),
            MaxResetsPerSecond = map.Optional("max_resets_per_second", "The same, for each second after that.").AsInt(defaults.MaxResetsPerSecond, 1),
        };
    }
}
