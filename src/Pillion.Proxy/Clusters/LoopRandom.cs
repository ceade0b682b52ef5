namespace Pillion.Proxy.Clusters;

/// <summary>The chance of one loop: xorshift64*, two nanoseconds a number, no lock. Good enough to spread load, never for secrets.</summary>
internal sealed class LoopRandom
{
    private ulong _state;

    /// <param name="seed">Any number; tests fix it.</param>
    public LoopRandom(ulong seed)
    {
        // Neighbouring seeds (loop 0, loop 1) must not give neighbouring numbers: one step of splitmix64. The state may not be 0.
        var mixed = seed + 0x9E3779B97F4A7C15;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        _state = (mixed ^ (mixed >> 31)) | 1;
    }

    public ulong Next()
    {
        _state ^= _state >> 12;
        _state ^= _state << 25;
        _state ^= _state >> 27;
        return _state * 0x2545F4914F6CDD1D;
    }

    /// <summary>A number in [0, <paramref name="below"/>).</summary>
    public int Next(int below) => (int)Math.BigMul(Next(), (ulong)below, out _);

    /// <summary>A number in [0, 1).</summary>
    public double NextDouble() => (Next() >> 11) * (1.0 / (1UL << 53));
}
