namespace Pillion.Core.Signals.AccessLog;

/// <summary>Where lines end: a file, or a stream of the process. Used by the writer only.</summary>
internal interface ILineSink : IDisposable
{
    /// <summary>Writes two pieces, whole lines together, and returns how many of their lines are safely there; fewer than all when it failed.</summary>
    long Write(ReadOnlyMemory<byte> first, ReadOnlyMemory<byte> second, out string? error);
}
