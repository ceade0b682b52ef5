namespace Pillion.Core.Signals.AccessLog;

/// <summary>Text from the record.</summary>
internal sealed class TextOperator(Func<LineBuffer, RequestRecord, bool> write) : LogOperator
{
    public static TextOperator Of(Func<RequestRecord, string?> text) => new((line, record) =>
    {
        var value = text(record);
        if (string.IsNullOrEmpty(value))
        {
            return false;
        }

        line.Value(value);
        return true;
    });

    public static TextOperator Of(Func<RequestRecord, BoundedText> text) => new((line, record) =>
    {
        var value = text(record);
        line.Value(value.Span);
        return !value.IsEmpty;
    });

    public override bool Write(LineBuffer line, in LogExchange exchange) => write(line, exchange.Record);
}
