using Microsoft.Win32.SafeHandles;

namespace Pillion.Core.Signals.AccessLog;

/// <summary>
/// A file that is only ever added to. The end is asked for before each write, so that a file cut by logrotate's copytruncate goes on at its
/// start; after a failed write the piece of a line that got in is cut off again.
/// </summary>
internal sealed class FileSink : ILineSink
{
    private readonly SafeFileHandle _handle;
    private readonly bool _seekable;

    private FileSink(SafeFileHandle handle)
    {
        _handle = handle;
        try
        {
            _ = RandomAccess.GetLength(handle);
            _seekable = true;
        }
        catch (NotSupportedException)
        {
            // A pipe or a device: written as it goes.
        }
    }

    public static FileSink Open(string path) =>
        new(File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete));

    public long Write(ReadOnlyMemory<byte> first, ReadOnlyMemory<byte> second, out string? error)
    {
        long start = 0;
        try
        {
            start = _seekable ? RandomAccess.GetLength(_handle) : 0;
            RandomAccess.Write(_handle, [first, second], start);
            error = null;
            return Lines(first.Span) + Lines(second.Span);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            error = e.Message;
            return _seekable ? KeepWholeLines(start, first.Span, second.Span) : 0;
        }
    }

    public void Dispose() => _handle.Dispose();

    public static long Lines(ReadOnlySpan<byte> bytes) => bytes.Count((byte)'\n');

    private long KeepWholeLines(long start, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        try
        {
            var written = (int)Math.Clamp(RandomAccess.GetLength(_handle) - start, 0, first.Length + second.Length);
            var inFirst = first[..Math.Min(written, first.Length)];
            var inSecond = second[..(written - inFirst.Length)];
            var end = inSecond.LastIndexOf((byte)'\n');
            var whole = end >= 0 ? first.Length + end + 1 : inFirst.LastIndexOf((byte)'\n') + 1;
            RandomAccess.SetLength(_handle, start + whole);
            return Lines(inFirst) + Lines(inSecond);
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
