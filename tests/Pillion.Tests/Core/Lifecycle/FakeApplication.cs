using Pillion.Core.Lifecycle;

namespace Pillion.Tests.Core.LifecycleMachine;

/// <summary>An application that lives until the test, or a signal it obeys, ends it.</summary>
internal sealed class FakeApplication(bool isOurs, List<string> told) : IApplication
{
    private readonly TaskCompletionSource<int> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public bool IsOurs => isOurs;

    public bool IsGone { get; set; }

    public int? ObeysWith { get; init; }

    public Task<int> Exited => _exited.Task;

    public void End(int code) => _exited.TrySetResult(code);

    public ValueTask<bool> IsGoneAsync(CancellationToken cancellationToken) => new(IsGone);

    public void RequestExit(int signal)
    {
        Tell($"signal {signal}");
        if (ObeysWith is { } code)
        {
            End(code);
        }
    }

    public void Kill()
    {
        Tell("kill");
        End(137);
    }

    private void Tell(string what)
    {
        lock (told)
        {
            told.Add($"app: {what}");
        }
    }
}
