namespace Pillion.Core.Signals.AccessLog;

/// <summary>
/// One operator of a format, ready to write. Belongs to one loop: it may remember what it wrote last.
/// </summary>
internal abstract class LogOperator
{
    /// <summary>Its values are numbers, and stay numbers in JSON when the operator stands alone.</summary>
    public virtual bool IsNumber => false;

    /// <summary>Writes the value, foreign text escaped as the line wants it; false, with nothing written, when there is none.</summary>
    public abstract bool Write(LineBuffer line, in LogExchange exchange);
}
