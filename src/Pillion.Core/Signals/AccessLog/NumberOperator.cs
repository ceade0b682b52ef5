namespace Pillion.Core.Signals.AccessLog;

/// <summary>A whole number from the record; negative means that there is none.</summary>
internal sealed class NumberOperator(Func<RequestRecord, long> value) : LogOperator
{
    public override bool IsNumber => true;

    public override bool Write(LineBuffer line, in LogExchange exchange)
    {
        var number = value(exchange.Record);
        if (number < 0)
        {
            return false;
        }

        line.Number(number);
        return true;
    }
}
