namespace Pillion.Proxy.Routing;

/// <summary>A number from bytes that is the same in every process: FNV-1a, mixed so that all of its bits depend on all of the bytes (MurmurHash3's finalizer).</summary>
internal static class StableHash
{
    public static ulong Of(ReadOnlySpan<byte> bytes)
    {
        var hash = 0xCBF2_9CE4_8422_2325;
        foreach (var value in bytes)
        {
            hash = unchecked((hash ^ value) * 0x0000_0100_0000_01B3);
        }

        hash = unchecked((hash ^ (hash >> 33)) * 0xFF51_AFD7_ED55_8CCD);
        hash = unchecked((hash ^ (hash >> 33)) * 0xC4CE_B9FE_1A85_EC53);
        return hash ^ (hash >> 33);
    }
}
