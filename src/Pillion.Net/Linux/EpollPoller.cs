using Pillion.Net.Loop;

namespace Pillion.Net.Linux;

/// <summary>Something with a descriptor that wants to hear of events on it.</summary>
internal interface IEpollTarget
{
    /// <summary>Edge-triggered flags, as epoll_wait gave them.</summary>
    void OnEvents(uint flags);
}

/// <summary>
/// The loop's epoll instance. A descriptor is added once, edge-triggered for everything, and never modified: one system call in its life.
/// An event carries a slot number and the slot's generation, so that an event for a descriptor closed earlier in the same turn is dropped.
/// </summary>
internal sealed unsafe class EpollPoller : Poller
{
    private const ulong WakeData = ulong.MaxValue;

    private readonly int _epoll;
    private readonly int _wake;
    private readonly EpollEvents _events = new(256);
    private Slot[] _slots = new Slot[64];
    private int _freeSlot = -1;
    private int _used;
    private int _count;
    private int _next;
    private bool _isDisposed;

    public EpollPoller()
    {
        _epoll = Libc.EpollCreate(Libc.EPOLL_CLOEXEC);
        _wake = Libc.EventFd(0, Libc.EFD_NONBLOCK | Libc.EFD_CLOEXEC);
        if (_epoll < 0 || _wake < 0)
        {
            throw new InvalidOperationException($"epoll cannot be set up: {Errno.Result(Errno.Last).Describe()}");
        }

        // Level-triggered: it stays ready until read.
        var entry = stackalloc byte[16];
        EpollEvents.Write(entry, Libc.EPOLLIN, WakeData);
        Libc.EpollControl(_epoll, Libc.EPOLL_CTL_ADD, _wake, entry);
    }

    public SplicePipes Pipes { get; } = new();

    /// <summary>Adds a descriptor; the slot number goes back to <see cref="Remove"/>. Negative: the error number, negated.</summary>
    public int Add(int fd, IEpollTarget target, uint flags)
    {
        int slot;
        if (_freeSlot >= 0)
        {
            slot = _freeSlot;
            _freeSlot = _slots[slot].NextFree;
        }
        else
        {
            if (_used == _slots.Length)
            {
                Array.Resize(ref _slots, _used * 2);
            }

            slot = _used++;
        }

        _slots[slot].Target = target;
        var entry = stackalloc byte[16];
        EpollEvents.Write(entry, flags, ((ulong)_slots[slot].Generation << 32) | (uint)slot);
        if (Libc.EpollControl(_epoll, Libc.EPOLL_CTL_ADD, fd, entry) < 0)
        {
            var errno = Errno.Last;
            Remove(slot);
            return -errno;
        }

        return slot;
    }

    /// <summary>Forgets a slot. The descriptor itself leaves epoll when it is closed.</summary>
    public void Remove(int slot)
    {
        _slots[slot].Target = null;
        _slots[slot].Generation++;
        _slots[slot].NextFree = _freeSlot;
        _freeSlot = slot;
    }

    public override void Wait(int timeoutMillis)
    {
        // Negative: interrupted by a signal, nothing happened.
        _count = Libc.EpollWait(_epoll, _events.Pointer, _events.Capacity, timeoutMillis);
        _next = 0;
    }

    public override void Dispatch()
    {
        while (_next < _count)
        {
            // Counted before the handler runs: should it throw, the next call goes on with the event behind.
            var i = _next++;
            var data = _events.Data(i);
            if (data == WakeData)
            {
                ulong ignored;
                Libc.Read(_wake, &ignored, sizeof(ulong));
                continue;
            }

            ref var slot = ref _slots[(uint)data];
            if (slot.Generation == (uint)(data >> 32))
            {
                slot.Target?.OnEvents(_events.Flags(i));
            }
        }
    }

    public override void Wake()
    {
        if (!Volatile.Read(ref _isDisposed))
        {
            ulong one = 1;
            Libc.Write(_wake, &one, sizeof(ulong));
        }
    }

    public override void Dispose()
    {
        if (_isDisposed)
        {
            return;
        }

        // The numbers of closed descriptors are given out again: nothing may be written or closed twice.
        Volatile.Write(ref _isDisposed, true);
        Libc.Close(_epoll);
        Libc.Close(_wake);
        _events.Dispose();
        Pipes.Dispose();
    }

    private struct Slot
    {
        public IEpollTarget? Target;
        public uint Generation;
        public int NextFree;
    }
}
