namespace Pillion.Admin;

/// <summary>An answer that goes on for as long as its client stays. Asked on a thread of the pool, one part after the other.</summary>
internal interface IAdminStream : IDisposable
{
    /// <summary>The next part, when there is one; empty is the end.</summary>
    /// <param name="cancellationToken">The client has left, or the port closes.</param>
    ValueTask<ReadOnlyMemory<byte>> NextAsync(CancellationToken cancellationToken);
}
