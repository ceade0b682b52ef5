using Pillion.Core.Lifecycle;

namespace Pillion.Tests.Core.LifecycleMachine;

/// <summary>A role that writes down what it is told, and is drained and idle when the test says so.</summary>
internal sealed class RecordingRole(string name, List<string> told) : IRole
{
    public TaskCompletionSource Drained { get; } = new();

    public TaskCompletionSource Idle { get; } = new();

    public string Name => name;

    public void EnterLameDuck() => Tell("lame duck");

    public void BeginDrain() => Tell("drain");

    public Task InboundDrainedAsync(CancellationToken cancellationToken) => Drained.Task.WaitAsync(cancellationToken);

    public Task OutboundIdleAsync(TimeSpan quiet, CancellationToken cancellationToken) => Idle.Task.WaitAsync(cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken)
    {
        Tell("stop");
        return Task.CompletedTask;
    }

    private void Tell(string what)
    {
        lock (told)
        {
            told.Add($"{name}: {what}");
        }
    }
}
