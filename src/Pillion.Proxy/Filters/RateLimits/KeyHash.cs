using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Pillion.Proxy.Filters.RateLimits;

/// <summary>
/// SipHash-1-3 (Aumasson and Bernstein, 2012) under a secret of this process: whoever chooses the keys, such as the values of a header, cannot choose them so
/// that they share a bucket with a victim's.
/// </summary>
internal struct KeyHash
{
    private static readonly (ulong K0, ulong K1) Secret = MakeSecret();

    private ulong _v0;
    private ulong _v1;
    private ulong _v2;
    private ulong _v3;

    private KeyHash((ulong K0, ulong K1) secret)
    {
        _v0 = secret.K0 ^ 0x736f6d6570736575;
        _v1 = secret.K1 ^ 0x646f72616e646f6d;
        _v2 = secret.K0 ^ 0x6c7967656e657261;
        _v3 = secret.K1 ^ 0x7465646279746573;
    }

    public static KeyHash Begin() => new(Secret);

    /// <summary>One value; several of them are kept apart by their lengths.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        var length = (ulong)bytes.Length;
        for (; bytes.Length >= 8; bytes = bytes[8..])
        {
            AddWord(BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        }

        Span<byte> last = stackalloc byte[8];
        last.Clear();
        bytes.CopyTo(last);
        last[7] = (byte)length;
        AddWord(BinaryPrimitives.ReadUInt64LittleEndian(last));
        AddWord(length);
    }

    public void Add(string text) => Add(MemoryMarshal.AsBytes(text.AsSpan()));

    public ulong End()
    {
        _v2 ^= 0xff;
        Round();
        Round();
        Round();
        return _v0 ^ _v1 ^ _v2 ^ _v3;
    }

    private void AddWord(ulong word)
    {
        _v3 ^= word;
        Round();
        _v0 ^= word;
    }

    private void Round()
    {
        _v0 += _v1;
        _v2 += _v3;
        _v1 = BitOperations.RotateLeft(_v1, 13) ^ _v0;
        _v3 = BitOperations.RotateLeft(_v3, 16) ^ _v2;
        _v0 = BitOperations.RotateLeft(_v0, 32);
        _v2 += _v1;
        _v0 += _v3;
        _v1 = BitOperations.RotateLeft(_v1, 17) ^ _v2;
        _v3 = BitOperations.RotateLeft(_v3, 21) ^ _v0;
        _v2 = BitOperations.RotateLeft(_v2, 32);
    }

    private static (ulong, ulong) MakeSecret()
    {
        Span<byte> bytes = stackalloc byte[16];
        RandomNumberGenerator.Fill(bytes);
        return (BinaryPrimitives.ReadUInt64LittleEndian(bytes), BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]));
    }
}
