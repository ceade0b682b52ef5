namespace Pillion.Core.Signals.AccessLog;

/// <summary>A line of operators with text between them, as Envoy's text_format; what has no value is a dash.</summary>
internal sealed class TextFormat(LogSegment[] segments) : LogFormat
{
    public override void Write(LineBuffer line, in LogExchange exchange)
    {
        line.Escaping = Escaping.Text;
        foreach (var segment in segments)
        {
            segment.Write(line, exchange);
        }

        // A format that ends without a line break, which Envoy's do not, still makes lines here.
        if (line.Written is not [.., (byte)'\n'])
        {
            line.Raw((byte)'\n');
        }
    }
}
