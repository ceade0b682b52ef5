namespace Pillion.Core.Signals.AccessLog;

/// <summary>
/// A member of a JSON line whose value comes from the configuration: escaped and encoded once, and copied as long as the same string comes.
/// Belongs to one loop.
/// </summary>
internal sealed class WrittenText
{
    // What is longer is written each time.
    private const int MaxKept = 1024;

    private readonly BoundedText _written = new(MaxKept);
    private string _text = "";

    /// <param name="key">Up to the quote that opens the value; always the same.</param>
    public void Write(LineBuffer line, ReadOnlySpan<byte> key, string text)
    {
        if (text.Length == 0)
        {
            return;
        }

        if (ReferenceEquals(text, _text))
        {
            line.Raw(_written.Span);
            return;
        }

        var start = line.Length;
        line.Raw(key);
        line.Value(text);
        line.Raw((byte)'"');
        _written.Set(line.Written[start..]);
        _text = _written.IsCut ? "" : text;
    }
}
