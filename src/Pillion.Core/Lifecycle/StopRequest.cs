namespace Pillion.Core.Lifecycle;

/// <summary>Why the process is to end.</summary>
/// <param name="Reason">For people, such as <c>SIGTERM</c> or <c>POST /quit</c>.</param>
/// <param name="Signal">The signal to pass on to our application; SIGTERM where none was received.</param>
/// <param name="ApplicationWasTold">The kernel has given the application the same signal: Ctrl-C reaches all of a terminal's foreground processes.</param>
internal sealed record StopRequest(string Reason, int Signal = StopRequest.Terminate, bool ApplicationWasTold = false)
{
    public const int Terminate = 15;
}
