using System.Buffers.Binary;
using System.Numerics;
using Pillion.Net.Posix;

namespace Pillion.Core.Signals;

/// <summary>
/// Random numbers for ids, one generator per loop: xoshiro256** (Blackman and Vigna, 2018), seeded from the system. Ids must be unique, not
/// secret; nothing that must be hard to guess may come from here.
/// </summary>
internal sealed class RandomBytes
{
    private ulong _s0;
    private ulong _s1;
    private ulong _s2;
    private ulong _s3;

    public RandomBytes()
        : this(Seed())
    {
    }

    /// <summary>From 32 bytes, not all zero; tests give the same ones.</summary>
    public RandomBytes(ReadOnlySpan<byte> seed)
    {
        _s0 = BinaryPrimitives.ReadUInt64LittleEndian(seed) | 1;
        _s1 = BinaryPrimitives.ReadUInt64LittleEndian(seed[8..]);
        _s2 = BinaryPrimitives.ReadUInt64LittleEndian(seed[16..]);
        _s3 = BinaryPrimitives.ReadUInt64LittleEndian(seed[24..]);
    }

    public ulong Next()
    {
        var result = BitOperations.RotateLeft(_s1 * 5, 7) * 9;
        var t = _s1 << 17;
        _s2 ^= _s0;
        _s3 ^= _s1;
        _s1 ^= _s2;
        _s0 ^= _s3;
        _s2 ^= t;
        _s3 = BitOperations.RotateLeft(_s3, 45);
        return result;
    }

    /// <summary>An id: zero means that there is none.</summary>
    public ulong NextNotZero()
    {
        ulong value;
        do
        {
            value = Next();
        }
        while (value == 0);
        return value;
    }

    private static byte[] Seed() => SystemRandom.GetBytes(32);
}
