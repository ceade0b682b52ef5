using System.Text;
using Pillion.Core.Signals;
using Pillion.Core.Signals.AccessLog;
using Pillion.Net.Http;

namespace Pillion.Proxy.Filters;

/// <summary>
/// The value of an added header: text, with the operators of the access log between percent signs. An operator without a value writes nothing
/// here, where a log line has a dash (as in Envoy).
/// </summary>
internal sealed class HeaderTemplate
{
    [ThreadStatic]
    private static LineBuffer? s_value;

    private readonly byte[]? _literal;

    // Operators belong to one loop (a time remembers the second it wrote), routes are shared by all: each loop reads the text once.
    private readonly ThreadLocal<LogSegment[]>? _segments;

    public HeaderTemplate(string text)
    {
        var segments = LogFormatReader.Read(text);
        if (segments.All(segment => segment.Operator is null))
        {
            _literal = [.. segments.SelectMany(segment => segment.Literal!)];
        }
        else
        {
            _segments = new ThreadLocal<LogSegment[]>(() => LogFormatReader.Read(text));
        }
    }

    /// <summary>What is wrong with a value, and what would be right; null when nothing is.</summary>
    public static string? Check(string text) =>
        LogFormatReader.Check(text) ??
        (Encoding.UTF8.GetBytes(text).AsSpan().IndexOfAny(HttpBytes.Controls) >= 0 ? "a header's value cannot hold control characters" : null);

    /// <summary>The value for one exchange, valid until the next call on this thread.</summary>
    public ReadOnlySpan<byte> Format(in LogExchange exchange)
    {
        if (_literal is not null)
        {
            return _literal;
        }

        var value = s_value ??= new LineBuffer();
        value.Clear();
        foreach (var segment in _segments!.Value!)
        {
            if (segment.Literal is not null)
            {
                value.Raw(segment.Literal);
            }
            else
            {
                segment.Operator!.Write(value, exchange);
            }
        }

        return HttpBytes.TrimOws(value.Written);
    }
}
