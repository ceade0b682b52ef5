using System.Runtime.InteropServices;
using Pillion.Core.Configuration;

namespace Pillion.Core.Resilience;

/// <summary>
/// So many of something at the same time, on all loops together: taken and given back one by one, exactly. What it says when it is reached is made once,
/// so that refusing costs nothing.
/// </summary>
internal sealed class CircuitLimit
{
    private OwnLine _active;

    /// <param name="name">The setting's own name.</param>
    /// <param name="source">The line that says how many; a default has none.</param>
    public CircuitLimit(string name, int most, SourceLine source)
    {
        Name = name;
        Most = most;
        Source = source;
        Reached = new Failure(FailureSide.Local, FailureKind.Overflow, Cause: $"{name} is {most} ({source})");
        Outcome = $"refused: {name} is {most}";
    }

    public string Name { get; }

    public int Most { get; }

    public SourceLine Source { get; }

    /// <summary>The failure of what finds it reached.</summary>
    public Failure Reached { get; }

    /// <summary>The same as a verdict.</summary>
    public string Outcome { get; }

    public int Active => Volatile.Read(ref _active.Value);

    /// <summary>Nothing more is let through (Envoy: the circuit breaker is open).</summary>
    public bool IsOpen => Active >= Most;

    public int Remaining => Math.Max(0, Most - Active);

    /// <summary>Takes a place; true must be followed by one <see cref="End"/>.</summary>
    public bool TryBegin()
    {
        // Compared before it is counted: one that counted first and took it back would let another be refused while there was room.
        var active = Volatile.Read(ref _active.Value);
        while (active < Most)
        {
            var seen = Interlocked.CompareExchange(ref _active.Value, active + 1, active);
            if (seen == active)
            {
                return true;
            }

            active = seen;
        }

        return false;
    }

    /// <summary>Takes a place, even where there is none: for what must not be refused.</summary>
    public void Begin() => Interlocked.Increment(ref _active.Value);

    public void End() => Interlocked.Decrement(ref _active.Value);

    // 64 bytes on either side, so that the counter shares its cache line with nothing that other loops read.
    [StructLayout(LayoutKind.Explicit, Size = 128)]
    private struct OwnLine
    {
        [FieldOffset(64)]
        public int Value;
    }
}
