namespace Pillion.Net.Loop;

/// <summary>Something that happens later on a loop. The node is part of the wheel's lists itself, so arming and cancelling allocate nothing.</summary>
internal abstract class TimerNode
{
    internal TimerNode? Next;
    internal TimerNode? Previous;
    internal int Slot = -1;

    /// <summary>Loop milliseconds at which it fires; meaningful while armed.</summary>
    public long When { get; internal set; }

    public bool IsArmed => Slot >= 0;

    /// <summary>Called on the loop's thread, once per arming; the node is no longer armed and may be armed again.</summary>
    protected internal abstract void Fire();
}
