using Pillion.Core.Configuration.Reading;
using Pillion.Net.Http.Http2;

namespace Pillion.Proxy.Configuration.Envoy;

/// <summary>Http2ProtocolOptions. What the file does not say stays at our safe figures; Envoy's own windows are 256 times as wide.</summary>
internal static class EnvoyHttp2
{
    private const int LargestTable = 1024 * 1024;
    private const int SmallestWindow = 65_535;

    /// <summary>Extended CONNECT is offered when the file asks for it.</summary>
    public static readonly Http2Settings Defaults = new() { AllowConnect = false };

    public static Http2Settings Read(ConfigValue value)
    {
        using var map = value.AsMap("Http2ProtocolOptions");
        var onStream = map.Optional("override_stream_error_on_invalid_http_message");
        if (!onStream.AsBool(true))
        {
            onStream.Fail("a malformed message ends its own stream, not the connection", "remove it or use true");
        }

        var settings = Defaults with
        {
            MaxConcurrentStreams = map.Optional("max_concurrent_streams").AsInt(Defaults.MaxConcurrentStreams, 1),
            StreamWindow = map.Optional("initial_stream_window_size").AsInt(Defaults.StreamWindow, SmallestWindow),
            ConnectionWindow = map.Optional("initial_connection_window_size").AsInt(Defaults.ConnectionWindow, SmallestWindow),
            HeaderTableBytes = map.Optional("hpack_table_size").AsInt(Defaults.HeaderTableBytes, 0, LargestTable),
            AllowConnect = map.Optional("allow_connect").AsBool(Defaults.AllowConnect),
            MaxOutboundFrames = map.Optional("max_outbound_frames").AsInt(Defaults.MaxOutboundFrames, 1),
            MaxOutboundControlFrames = map.Optional("max_outbound_control_frames").AsInt(Defaults.MaxOutboundControlFrames, 1),
            MaxConsecutiveInboundFramesWithEmptyPayload = map.Optional("max_consecutive_inbound_frames_with_empty_payload").AsInt(Defaults.MaxConsecutiveInboundFramesWithEmptyPayload),
            MaxInboundPriorityFramesPerStream = map.Optional("max_inbound_priority_frames_per_stream").AsInt(Defaults.MaxInboundPriorityFramesPerStream),
            MaxInboundWindowUpdateFramesPerDataFrameSent = map.Optional("max_inbound_window_update_frames_per_data_frame_sent").AsInt(Defaults.MaxInboundWindowUpdateFramesPerDataFrameSent, 1),
        };
        using var keep = map.Optional("connection_keepalive").AsMap();
        return settings with
        {
            KeepAliveInterval = keep.Optional("interval").AsDuration(settings.KeepAliveInterval),
            KeepAliveTimeout = keep.Required("timeout").AsDuration(settings.KeepAliveTimeout, TimeSpan.FromMilliseconds(1)),
        };
    }
}
