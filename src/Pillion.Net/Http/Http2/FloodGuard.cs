namespace Pillion.Net.Http.Http2;

/// <summary>
/// Counts what a peer can send for little and we answer for more. The formulas are those of Envoy's limits where they are its limits; each
/// method says which limit was passed, if one was.
/// </summary>
internal sealed class FloodGuard(Http2Settings settings)
{
    // So many WINDOW_UPDATE frames are free of charge.
    private const int FreeWindowUpdates = 5;

    private TokenBucket _resets = new(settings.MaxResets, settings.MaxResetsPerSecond);
    private TokenBucket _settingsFrames = new(settings.MaxSettingsFrames, settings.MaxSettingsFramesPerSecond);
    private TokenBucket _pings = new(settings.MaxPingFrames, settings.MaxPingFramesPerSecond);
    private long _paidPings;
    private long _priorities;
    private long _windowUpdates;
    private long _streams;
    private int _emptyInARow;

    public void StreamOpened() => _streams++;

    /// <summary>A DATA, HEADERS or CONTINUATION frame.</summary>
    public Http2Violation Frame(bool isEmpty)
    {
        _paidPings++;
        if (!isEmpty)
        {
            _emptyInARow = 0;
            return Http2Violation.None;
        }

        return Judge(++_emptyInARow > settings.MaxConsecutiveInboundFramesWithEmptyPayload, Http2Violation.EmptyFrameFlood);
    }

    public Http2Violation Priority() =>
        Judge(++_priorities > settings.MaxInboundPriorityFramesPerStream * (1 + _streams), Http2Violation.PriorityFlood);

    public Http2Violation WindowUpdate(long dataFramesSent) => Judge(
        ++_windowUpdates > FreeWindowUpdates + (2 * (_streams + (settings.MaxInboundWindowUpdateFramesPerDataFrameSent * dataFramesSent))),
        Http2Violation.WindowUpdateFlood);

    /// <summary>A stream ended before its answer, by the peer's will or its fault.</summary>
    public Http2Violation Reset(long nowMillis) => Judge(!_resets.TryTake(nowMillis), Http2Violation.ResetFlood);

    public Http2Violation Settings(long nowMillis) => Judge(!_settingsFrames.TryTake(nowMillis), Http2Violation.SettingsFlood);

    public Http2Violation Ping(long nowMillis)
    {
        if (_paidPings > 0)
        {
            // Not to be saved up.
            _paidPings = 0;
            return Http2Violation.None;
        }

        return Judge(!_pings.TryTake(nowMillis), Http2Violation.PingFlood);
    }

    private static Http2Violation Judge(bool isFlood, Http2Violation violation) => isFlood ? violation : Http2Violation.None;
}
