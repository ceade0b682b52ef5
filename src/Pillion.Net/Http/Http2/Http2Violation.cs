namespace Pillion.Net.Http.Http2;

/// <summary>The rule of the protocol that a peer broke; <see cref="Http2Violations"/> has the code and the sentence. What HTTP itself asks of a message is in <see cref="Http1.HttpViolation"/>.</summary>
internal enum Http2Violation : byte
{
    None,

    // frames
    BadPreface,
    NoSettingsFirst,
    FrameTooLarge,
    BadFrameSize,
    BadPadding,
    WrongStreamId,
    UnexpectedContinuation,
    ContinuationExpected,
    PushPromise,
    BadSetting,
    BadWindowSetting,

    // streams
    IdleStream,
    StreamIdNotNew,
    ClosedStream,
    ZeroIncrement,
    WindowOverflow,
    WindowExceeded,
    BadFieldBlock,
    FieldBlockTooLarge,
    Malformed,
    TooManyStreams,

    // floods
    OutboundFrameFlood,
    OutboundControlFrameFlood,
    EmptyFrameFlood,
    PriorityFlood,
    WindowUpdateFlood,
    ResetFlood,
    SettingsFlood,
    PingFlood,
    ContinuationFlood,
    InterimFlood,

    // time
    SettingsTimeout,
    HeadTimeout,
}

/// <summary>What the peer is told, and a sentence for people.</summary>
internal static class Http2Violations
{
    public static Http2Error Code(Http2Violation violation) => violation switch
    {
        Http2Violation.None => Http2Error.NoError,
        Http2Violation.FrameTooLarge or Http2Violation.BadFrameSize => Http2Error.FrameSizeError,
        Http2Violation.BadWindowSetting or Http2Violation.WindowOverflow or Http2Violation.WindowExceeded => Http2Error.FlowControlError,
        Http2Violation.ClosedStream => Http2Error.StreamClosed,
        Http2Violation.BadFieldBlock => Http2Error.CompressionError,
        Http2Violation.TooManyStreams => Http2Error.RefusedStream,
        Http2Violation.SettingsTimeout => Http2Error.SettingsTimeout,
        >= Http2Violation.OutboundFrameFlood and <= Http2Violation.InterimFlood or Http2Violation.FieldBlockTooLarge or Http2Violation.HeadTimeout =>
            Http2Error.EnhanceYourCalm,
        _ => Http2Error.ProtocolError,
    };

    public static string Sentence(Http2Violation violation) => violation switch
    {
        Http2Violation.None => "No rule was broken.",
        Http2Violation.BadPreface => "The client did not begin with the preface of HTTP/2.",
        Http2Violation.NoSettingsFirst => "The first frame is not SETTINGS.",
        Http2Violation.FrameTooLarge => "A frame is larger than allowed.",
        Http2Violation.BadFrameSize => "A frame is not as long as its type must be.",
        Http2Violation.BadPadding => "A frame is padded with more bytes than it holds.",
        Http2Violation.WrongStreamId => "A frame is on a stream that its type cannot be on.",
        Http2Violation.UnexpectedContinuation => "A CONTINUATION frame continues nothing.",
        Http2Violation.ContinuationExpected => "A field block was interrupted by another frame.",
        Http2Violation.PushPromise => "A PUSH_PROMISE frame came where push is not allowed.",
        Http2Violation.BadSetting => "A setting has a value that it cannot have.",
        Http2Violation.BadWindowSetting => "A setting makes the window larger than a window can be.",
        Http2Violation.IdleStream => "A frame is on a stream that was not opened.",
        Http2Violation.StreamIdNotNew => "A stream was opened with a number that is not above all before.",
        Http2Violation.ClosedStream => "A frame came on a stream behind its end.",
        Http2Violation.ZeroIncrement => "A WINDOW_UPDATE frame adds nothing.",
        Http2Violation.WindowOverflow => "A WINDOW_UPDATE frame makes a window larger than a window can be.",
        Http2Violation.WindowExceeded => "More DATA came than the window allowed.",
        Http2Violation.BadFieldBlock => "A field block cannot be decoded.",
        Http2Violation.FieldBlockTooLarge => "A field block is so large that it was not read.",
        Http2Violation.Malformed => "A message is malformed.",
        Http2Violation.TooManyStreams => "More streams were opened than allowed.",
        Http2Violation.OutboundFrameFlood => "The peer does not read and too many frames wait for it.",
        Http2Violation.OutboundControlFrameFlood => "The peer does not read and too many answers to its control frames wait for it.",
        Http2Violation.EmptyFrameFlood => "Too many frames came that hold nothing.",
        Http2Violation.PriorityFlood => "Too many PRIORITY frames came.",
        Http2Violation.WindowUpdateFlood => "Too many WINDOW_UPDATE frames came.",
        Http2Violation.ResetFlood => "Too many streams were reset before they were answered.",
        Http2Violation.SettingsFlood => "Too many SETTINGS frames came.",
        Http2Violation.PingFlood => "Too many PING frames came.",
        Http2Violation.ContinuationFlood => "A field block has too many CONTINUATION frames.",
        Http2Violation.InterimFlood => "Too many informational answers came.",
        Http2Violation.SettingsTimeout => "The peer did not acknowledge our SETTINGS in time.",
        Http2Violation.HeadTimeout => "A field block did not end in time.",
        _ => throw new ArgumentOutOfRangeException(nameof(violation)),
    };
}
