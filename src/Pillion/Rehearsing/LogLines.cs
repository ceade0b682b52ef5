namespace Pillion.Rehearsing;

/// <summary>The lines of a log of any length, one after the other, in bounded memory; a line that is longer than any record is told as empty.</summary>
internal sealed class LogLines(Stream stream)
{
    public const int LongestLine = 1024 * 1024;

    private byte[] _buffer = new byte[64 * 1024];
    private int _start;
    private int _end;
    private bool _isSkipping;

    /// <summary>Lines so far.</summary>
    public long Number { get; private set; }

    /// <summary>False at the end. The line is valid until the next call.</summary>
    public bool TryNext(out ReadOnlySpan<byte> line)
    {
        while (true)
        {
            var seen = _buffer.AsSpan(_start, _end - _start);
            if (seen.IndexOf((byte)'\n') is >= 0 and var length)
            {
                _start += length + 1;
                return Take(seen[..length], out line);
            }

            if (_end - _start >= LongestLine)
            {
                _isSkipping = true;
                _start = _end = 0;
            }

            if (!Fill())
            {
                line = _buffer.AsSpan(_start, _end - _start);
                var isLast = !line.IsEmpty || _isSkipping;
                _start = _end;
                return isLast && Take(line, out line);
            }
        }
    }

    private bool Take(ReadOnlySpan<byte> found, out ReadOnlySpan<byte> line)
    {
        Number++;
        line = _isSkipping ? default : found.TrimEnd((byte)'\r');
        _isSkipping = false;
        return true;
    }

    private bool Fill()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }

        if (_end == _buffer.Length)
        {
            Array.Resize(ref _buffer, _buffer.Length * 2);
        }

        var read = stream.Read(_buffer, _end, _buffer.Length - _end);
        _end += read;
        return read > 0;
    }
}
