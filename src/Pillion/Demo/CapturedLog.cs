using System.Text;
using Pillion.Core.Signals.AccessLog;

namespace Pillion.Demo;

/// <summary>Keeps the access log's lines, so that the demonstration can show each beside its request.</summary>
internal sealed class CapturedLog : ILineSink
{
    private readonly Lock _lock = new();
    private readonly StringBuilder _text = new();

    public string Text
    {
        get
        {
            lock (_lock)
            {
                return _text.ToString();
            }
        }
    }

    public long Write(ReadOnlyMemory<byte> first, ReadOnlyMemory<byte> second, out string? error)
    {
        error = null;
        lock (_lock)
        {
            _text.Append(Encoding.UTF8.GetString(first.Span)).Append(Encoding.UTF8.GetString(second.Span));
        }

        return FileSink.Lines(first.Span) + FileSink.Lines(second.Span);
    }

    public void Dispose()
    {
    }
}
