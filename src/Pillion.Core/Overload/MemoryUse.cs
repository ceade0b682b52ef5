namespace Pillion.Core.Overload;

/// <summary>How much memory there is and how much of it is in use; a limit of 0 is none.</summary>
internal readonly record struct MemoryUse(long Used, long Limit);

/// <summary>Asks the system. Off the loops.</summary>
internal interface IMemoryMeter
{
    /// <summary>What the process itself has in memory.</summary>
    long Process();

    /// <summary>What its control group has, and may have.</summary>
    MemoryUse Group();
}
