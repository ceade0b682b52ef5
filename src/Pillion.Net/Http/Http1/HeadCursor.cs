namespace Pillion.Net.Http.Http1;

/// <summary>Appends to a buffer that may be too small; says so once, at the end, instead of at every write.</summary>
internal ref struct HeadCursor(Span<byte> destination)
{
    private readonly Span<byte> _destination = destination;

    public int Written { get; private set; }

    public bool IsOverflown { get; private set; }

    public void Write(scoped ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > _destination.Length - Written)
        {
            IsOverflown = true;
            return;
        }

        bytes.CopyTo(_destination[Written..]);
        Written += bytes.Length;
    }

    public void WriteField(scoped ReadOnlySpan<byte> name, scoped ReadOnlySpan<byte> value)
    {
        var length = name.Length + value.Length + 4;
        if (length > _destination.Length - Written)
        {
            IsOverflown = true;
            return;
        }

        var line = _destination.Slice(Written, length);
        name.CopyTo(line);
        line[name.Length] = (byte)':';
        line[name.Length + 1] = (byte)' ';
        value.CopyTo(line[(name.Length + 2)..]);
        line[^2] = HttpBytes.Cr;
        line[^1] = HttpBytes.Lf;
        Written += length;
    }

    public void WriteField(scoped ReadOnlySpan<byte> name, long value)
    {
        Span<byte> digits = stackalloc byte[20];
        System.Buffers.Text.Utf8Formatter.TryFormat(value, digits, out var length);
        WriteField(name, digits[..length]);
    }
}
