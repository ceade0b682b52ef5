using System.Numerics;

namespace Pillion.Net.Loop;

/// <summary>
/// A hierarchical timing wheel: six levels of 64 slots, the lowest one millisecond wide, two years in all. Arming and cancelling are O(1);
/// a timer moves down at most five times before it fires. It holds no clock: <see cref="Advance"/> is told the time.
/// </summary>
internal sealed class TimerWheel
{
    private const int Levels = 6;
    private const int Bits = 6;
    private const int SlotsPerLevel = 1 << Bits;

    // The highest level is a ring of 64 slots of which the present one must stay free: a timer in it would be moved down into itself without end.
    private const long MaxAhead = 63L << (Bits * (Levels - 1));

    private readonly TimerNode?[] _slots = new TimerNode?[Levels * SlotsPerLevel];
    private readonly ulong[] _occupied = new ulong[Levels];
    private long _now;

    // While timers fire, what they arm is for a later call; else one that arms itself in the past would hold the loop for ever.
    private long _earliest = long.MinValue;

    public TimerWheel(long now) => _now = now;

    /// <summary>Timers armed now.</summary>
    public int Count { get; private set; }

    /// <summary>Arms (or moves) a timer. A time that has passed fires at the next <see cref="Advance"/>, never within the present one.</summary>
    public void Arm(TimerNode node, long when)
    {
        if (node.IsArmed)
        {
            Cancel(node);
        }

        node.When = Math.Max(when, _earliest);
        Count++;
        Insert(node);
    }

    public void Cancel(TimerNode node)
    {
        if (node.IsArmed)
        {
            Unlink(node);
            Count--;
        }
    }

    /// <summary>Milliseconds until <see cref="Advance"/> has something to do, or -1 when nothing is armed. Never later than the first timer.</summary>
    public long UntilNext(long now)
    {
        var next = NextSlot(out _, out _);
        return next < 0 ? -1 : Math.Max(0, next - now);
    }

    /// <summary>Fires everything due at or before <paramref name="now"/>, in the order of its time.</summary>
    public void Advance(long now)
    {
        _earliest = now + 1;
        while (true)
        {
            var start = NextSlot(out var level, out var slot);
            if (start < 0 || start > now)
            {
                break;
            }

            _now = Math.Max(_now, start);
            var index = (level * SlotsPerLevel) + slot;
            if (level == 0)
            {
                FireSlot(index);
            }
            else
            {
                Cascade(index);
            }
        }

        _now = Math.Max(_now, now);
        _earliest = long.MinValue;
    }

    private void FireSlot(int index)
    {
        while (_slots[index] is { } node)
        {
            Unlink(node);
            Count--;
            node.Fire();
        }
    }

    private void Cascade(int index)
    {
        var node = _slots[index];
        _slots[index] = null;
        _occupied[index / SlotsPerLevel] &= ~(1UL << (index % SlotsPerLevel));
        while (node is not null)
        {
            var next = node.Next;
            node.Slot = -1;
            node.Next = node.Previous = null;
            Insert(node);
            node = next;
        }
    }

    // The level is where the highest bit differs between now and then; so the earliest timer is always in the lowest occupied level.
    private void Insert(TimerNode node)
    {
        // Beyond the last slot a timer waits in the last slot, and is inserted again when that time comes.
        var when = Math.Clamp(node.When, _now, LastSlotStart);
        var level = Math.Min(Levels - 1, (63 - BitOperations.LeadingZeroCount((ulong)(_now ^ when) | (SlotsPerLevel - 1))) / Bits);
        var slot = (int)(when >> (Bits * level)) & (SlotsPerLevel - 1);
        var index = (level * SlotsPerLevel) + slot;
        node.Slot = index;
        node.Previous = null;
        node.Next = _slots[index];
        if (node.Next is not null)
        {
            node.Next.Previous = node;
        }

        _slots[index] = node;
        _occupied[level] |= 1UL << slot;
    }

    private long LastSlotStart => (_now & -(1L << (Bits * (Levels - 1)))) + MaxAhead;

    private void Unlink(TimerNode node)
    {
        var index = node.Slot;
        if (node.Previous is null)
        {
            _slots[index] = node.Next;
            if (node.Next is null)
            {
                _occupied[index / SlotsPerLevel] &= ~(1UL << (index % SlotsPerLevel));
            }
        }
        else
        {
            node.Previous.Next = node.Next;
        }

        if (node.Next is not null)
        {
            node.Next.Previous = node.Previous;
        }

        node.Slot = -1;
        node.Next = node.Previous = null;
    }

    // The start time of the first occupied slot at or after now, or -1.
    private long NextSlot(out int level, out int slot)
    {
        for (level = 0; level < Levels; level++)
        {
            if (_occupied[level] == 0)
            {
                continue;
            }

            var shift = Bits * level;
            var current = (int)(_now >> shift) & (SlotsPerLevel - 1);
            var ahead = BitOperations.TrailingZeroCount(BitOperations.RotateRight(_occupied[level], current));
            slot = (current + ahead) & (SlotsPerLevel - 1);
            return ((_now >> shift) + ahead) << shift;
        }

        slot = 0;
        return -1;
    }
}
