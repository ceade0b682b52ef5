namespace Pillion.Core.Signals.AccessLog;

/// <summary>When the request began.</summary>
internal sealed class TimeOperator(TimePattern pattern) : LogOperator
{
    public override bool Write(LineBuffer line, in LogExchange exchange)
    {
        pattern.Write(line, exchange.Record.StartedUtcTicks);
        return true;
    }
}
