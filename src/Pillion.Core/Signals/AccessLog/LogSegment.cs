namespace Pillion.Core.Signals.AccessLog;

/// <summary>A piece of a format: literal text or an operator.</summary>
internal readonly record struct LogSegment(byte[]? Literal, LogOperator? Operator)
{
    public void Write(LineBuffer line, in LogExchange exchange)
    {
        if (Literal is not null)
        {
            line.Raw(Literal);
        }
        else if (!Operator!.Write(line, exchange))
        {
            line.Raw((byte)'-');
        }
    }
}
