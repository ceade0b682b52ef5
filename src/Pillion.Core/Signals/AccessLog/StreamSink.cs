namespace Pillion.Core.Signals.AccessLog;

/// <summary>Standard output or standard error. Left open at the end: it is not ours to close.</summary>
internal sealed class StreamSink(Stream stream) : ILineSink
{
    public long Write(ReadOnlyMemory<byte> first, ReadOnlyMemory<byte> second, out string? error)
    {
        long lines = 0;
        try
        {
            stream.Write(first.Span);
            lines = FileSink.Lines(first.Span);
            stream.Write(second.Span);
            stream.Flush();
            error = null;
            return lines + FileSink.Lines(second.Span);
        }
        catch (IOException e)
        {
            error = e.Message;
            return lines;
        }
    }

    public void Dispose()
    {
    }
}
