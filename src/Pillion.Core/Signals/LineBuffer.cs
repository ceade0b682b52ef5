using System.Buffers;
using System.Buffers.Text;
using System.Runtime.CompilerServices;
using System.Text;

namespace Pillion.Core.Signals;

/// <summary>
/// Bytes of text being written: grows to its longest line and is then reused, so that a line costs no allocation.
/// What comes from outside goes through <see cref="Value(ReadOnlySpan{byte})"/>, which makes it harmless under the current <see cref="Escaping"/>.
/// </summary>
internal sealed class LineBuffer(int capacity = 512)
{
    // Printable ASCII without the quote and the backslash: what may stand in either format as it is.
    private static readonly SearchValues<byte> Plain = SearchValues.Create(
        [.. Enumerable.Range(0x20, 0x7F - 0x20).Where(c => c is not ('"' or '\\')).Select(c => (byte)c)]);

    private byte[] _bytes = new byte[capacity];

    public int Length { get; private set; }

    public Escaping Escaping { get; set; }

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    public void Clear() => Length = 0;

    /// <summary>Takes back what was written behind a length seen earlier.</summary>
    public void CutTo(int length) => Length = length;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Raw(byte one)
    {
        if (Length == _bytes.Length)
        {
            Grow(1);
        }

        _bytes[Length++] = one;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Raw(scoped ReadOnlySpan<byte> text)
    {
        var length = Length;
        if (_bytes.Length - length < text.Length)
        {
            Grow(text.Length);
        }

        text.CopyTo(_bytes.AsSpan(length));
        Length = length + text.Length;
    }

    /// <summary>Text of our own, in ASCII or UTF-8, written as it is.</summary>
    public void Raw(string text)
    {
        var room = Room(Encoding.UTF8.GetMaxByteCount(text.Length));
        Length += Encoding.UTF8.GetBytes(text, room);
    }

    public void Number(long value)
    {
        if ((ulong)value < 10)
        {
            Raw((byte)('0' + value));
            return;
        }

        if ((ulong)value < 1_000_000_000)
        {
            Digits((uint)value, CountDigits((uint)value));
            return;
        }

        Utf8Formatter.TryFormat(value, Room(20), out var written);
        Length += written;
    }

    /// <summary>A number with leading zeros.</summary>
    public void Digits(long value, int digits)
    {
        if (value > uint.MaxValue)
        {
            if (digits > 9)
            {
                Digits(value / 1_000_000_000, digits - 9);
                digits = 9;
            }

            value %= 1_000_000_000;
        }

        Digits((uint)value, digits);
    }

    /// <summary>Microseconds as milliseconds with three decimals: <c>12.345</c>.</summary>
    public void Millis(long micros)
    {
        if (micros < 0)
        {
            Raw((byte)'-');
            micros = -micros;
        }

        var (millis, rest) = Math.DivRem((ulong)micros, 1000);
        Number((long)millis);
        Raw((byte)'.');
        Digits((uint)rest, 3);
    }

    // A loop over 32 bits: the values of a line are small, and a division by ten is a multiplication.
    private void Digits(uint value, int digits)
    {
        var room = Room(digits)[..digits];
        for (var i = room.Length - 1; i >= 0; i--)
        {
            var rest = value / 10;
            room[i] = (byte)('0' + (value - (rest * 10)));
            value = rest;
        }

        Length += digits;
    }

    /// <summary>Text that somebody else chose.</summary>
    public void Value(scoped ReadOnlySpan<byte> text)
    {
        if (Escaping == Escaping.None || text.IndexOfAnyExcept(Plain) < 0)
        {
            Raw(text);
            return;
        }

        if (Escaping == Escaping.Json)
        {
            JsonValue(text);
            return;
        }

        foreach (var b in text)
        {
            if (Plain.Contains(b))
            {
                Raw(b);
            }
            else
            {
                Raw("\\x"u8);
                Hex(b);
            }
        }
    }

    public void Value(string text)
    {
        var start = Length;
        Raw(text);
        if (Escaping == Escaping.None || Written[start..].IndexOfAnyExcept(Plain) < 0)
        {
            return;
        }

        // Rare: the text is moved behind its own room and written again, escaped.
        var length = Length - start;
        var copy = ArrayPool<byte>.Shared.Rent(length);
        Written[start..].CopyTo(copy);
        Length = start;
        Value(copy.AsSpan(0, length));
        ArrayPool<byte>.Shared.Return(copy);
    }

    /// <summary>Room for a formatter that writes by itself; follow it with <see cref="Advance"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span<byte> Room(int bytes)
    {
        if (_bytes.Length - Length < bytes)
        {
            Grow(bytes);
        }

        return _bytes.AsSpan(Length);
    }

    public void Advance(int bytes) => Length += bytes;

    public override string ToString() => Encoding.UTF8.GetString(Written);

    // Control characters, the C1 controls and the two JavaScript line ends are escaped; a byte that is not UTF-8 becomes U+FFFD.
    private void JsonValue(scoped ReadOnlySpan<byte> text)
    {
        while (!text.IsEmpty)
        {
            var b = text[0];
            if (b < 0x80)
            {
                JsonAscii(b);
                text = text[1..];
                continue;
            }

            var status = Rune.DecodeFromUtf8(text, out var rune, out var consumed);
            if (status != OperationStatus.Done)
            {
                Raw("\\ufffd"u8);
            }
            else if (rune.Value is < 0xA0 or 0x2028 or 0x2029)
            {
                Raw("\\u"u8);
                Hex((byte)(rune.Value >> 8));
                Hex((byte)rune.Value);
            }
            else
            {
                Raw(text[..consumed]);
            }

            text = text[consumed..];
        }
    }

    private void JsonAscii(byte b)
    {
        switch (b)
        {
            case (byte)'"':
                Raw("\\\""u8);
                break;
            case (byte)'\\':
                Raw("\\\\"u8);
                break;
            case (byte)'\n':
                Raw("\\n"u8);
                break;
            case (byte)'\r':
                Raw("\\r"u8);
                break;
            case (byte)'\t':
                Raw("\\t"u8);
                break;
            case < 0x20 or 0x7F:
                Raw("\\u00"u8);
                Hex(b);
                break;
            default:
                Raw(b);
                break;
        }
    }

    private static int CountDigits(uint value)
    {
        var digits = 1;
        while ((value /= 10) > 0)
        {
            digits++;
        }

        return digits;
    }

    private void Hex(byte value)
    {
        var digits = "0123456789abcdef"u8;
        Raw(digits[value >> 4]);
        Raw(digits[value & 15]);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Grow(int bytes) => Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, Length + bytes));
}
