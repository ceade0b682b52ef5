using Pillion.Net.Http;

namespace Pillion.Admin;

/// <summary>Ends a stream when its client leaves.</summary>
internal sealed class AdminLeaving : IClientWatcher, IDisposable
{
    private readonly CancellationTokenSource _ended = new();

    public CancellationToken Token => _ended.Token;

    public void End() => _ended.Cancel();

    void IClientWatcher.ClientLeft(bool isReset) => End();

    public void Dispose() => _ended.Dispose();
}
