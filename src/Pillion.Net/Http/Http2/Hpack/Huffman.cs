using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Pillion.Net.Http.Http2.Hpack;

/// <summary>Strings to and from the Huffman code of RFC 7541 §5.2.</summary>
internal static class Huffman
{
    /// <summary>How many bytes the string takes when coded.</summary>
    public static int EncodedLength(ReadOnlySpan<byte> text)
    {
        var lengths = HuffmanCode.Lengths;
        var bits = 0;
        foreach (var symbol in text)
        {
            bits += lengths[symbol];
        }

        return (bits + 7) >> 3;
    }

    /// <summary>Writes the coded string, which takes <see cref="EncodedLength"/> bytes, and returns their number.</summary>
    public static int Encode(ReadOnlySpan<byte> text, Span<byte> destination)
    {
        var codes = HuffmanCode.Codes;
        var lengths = HuffmanCode.Lengths;
        var pending = 0ul;
        var count = 0;
        var written = 0;
        foreach (var symbol in text)
        {
            var length = lengths[symbol];
            pending = (pending << length) | codes[symbol];
            count += length;
            if (count >= 32)
            {
                count -= 32;
                BinaryPrimitives.WriteUInt32BigEndian(destination[written..], (uint)(pending >> count));
                written += 4;
            }
        }

        while (count >= 8)
        {
            count -= 8;
            destination[written++] = (byte)(pending >> count);
        }

        if (count > 0)
        {
            // §5.2: filled up with the first bits of the end of string, all of them ones.
            destination[written++] = (byte)((pending << (8 - count)) | (0xFFu >> count));
        }

        return written;
    }

    /// <summary>
    /// The length of the decoded string, or -1 when the coding is wrong. What does not fit the destination is decoded and not stored: the
    /// length then is greater than the destination's.
    /// </summary>
    public static int Decode(ReadOnlySpan<byte> coded, Span<byte> destination)
    {
        var look = HuffmanCode.Look;
        var bits = 0ul;
        var count = 0;
        var read = 0;
        var written = 0;
        while (true)
        {
            if (count <= 32)
            {
                if (coded.Length - read >= 4)
                {
                    bits |= (ulong)BinaryPrimitives.ReadUInt32BigEndian(coded[read..]) << (32 - count);
                    read += 4;
                    count += 32;
                }
                else
                {
                    while (read < coded.Length)
                    {
                        bits |= (ulong)coded[read++] << (56 - count);
                        count += 8;
                    }
                }
            }

            if (count < HuffmanCode.MaxLength && read == coded.Length)
            {
                return DecodeEnd(bits, count, destination, written);
            }

            // At least thirty bits are here: no code is longer.
            var entry = (int)look[(int)(bits >> (64 - HuffmanCode.LookBits))];
            int length;
            if (entry != 0)
            {
                length = entry >> 8;
            }
            else if ((entry = HuffmanCode.Find((uint)(bits >> 32), out length)) < 0)
            {
                return -1;
            }

            if ((uint)written < (uint)destination.Length)
            {
                destination[written] = (byte)entry;
            }

            written++;
            bits <<= length;
            count -= length;
        }
    }

    // Fewer bits are left than the longest code has: what is behind them reads as ones.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int DecodeEnd(ulong bits, int count, Span<byte> destination, int written)
    {
        while (count > 0)
        {
            var filled = bits | (ulong.MaxValue >> count);
            var entry = (int)HuffmanCode.Look[(int)(filled >> (64 - HuffmanCode.LookBits))];
            var length = entry >> 8;
            if (entry == 0)
            {
                entry = HuffmanCode.Find((uint)(filled >> 32), out length);
            }

            if (entry < 0 || length > count)
            {
                // §5.2: padding is shorter than a byte and all ones; anything else is an error.
                return count < 8 && filled == ulong.MaxValue ? written : -1;
            }

            if ((uint)written < (uint)destination.Length)
            {
                destination[written] = (byte)entry;
            }

            written++;
            bits <<= length;
            count -= length;
        }

        return written;
    }
}
