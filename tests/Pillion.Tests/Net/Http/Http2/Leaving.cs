using Pillion.Net.Http;

namespace Pillion.Tests.Net.Http.Http2;

/// <summary>Completes when the client of a request leaves.</summary>
internal sealed class Leaving : IClientWatcher
{
    public TaskCompletionSource<bool> Done { get; } = new();

    public void ClientLeft(bool isReset) => Done.TrySetResult(isReset);
}
