using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Pillion.Application;
using Pillion.Core.Lifecycle;
using Pillion.Net.Posix;

namespace Pillion;

/// <summary>
/// What each process signal does. SIGTERM, SIGINT, SIGQUIT: stop, and the application is told by the same signal when its time comes. SIGHUP: reload; it is not
/// passed on, because it ends a program that does not expect it. SIGUSR1, SIGUSR2 and SIGWINCH are the application's where it is ours;
/// SIGUSR1 opens the access logs again where it is not.
/// </summary>
internal sealed class ProcessSignals : IDisposable
{
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly Lifecycle _lifecycle;
    private readonly bool _hadTerminal = ControllingTerminal.Exists;
    private readonly bool _sharesTerminal;

    public ProcessSignals(Lifecycle lifecycle, bool sharesTerminal, Action reload, Action reopenLogs, Func<OwnApplication?> application)
    {
        _lifecycle = lifecycle;
        _sharesTerminal = sharesTerminal;
        Stops(PosixSignal.SIGTERM, PosixSignals.Terminate);
        Stops(PosixSignal.SIGINT, PosixSignals.Interrupt);
        Stops(PosixSignal.SIGQUIT, PosixSignals.Quit);
        On(PosixSignal.SIGHUP, () => HangUp(reload));
        if (!OperatingSystem.IsWindows())
        {
            PassesOn(application, reopenLogs);
        }
    }

    public void Dispose() => _registrations.ForEach(registration => registration.Dispose());

    // .NET takes raw numbers for signals that it has no name for.
    [UnsupportedOSPlatform("windows")]
    private void PassesOn(Func<OwnApplication?> application, Action reopenLogs)
    {
        On((PosixSignal)PosixSignals.User1, () =>
        {
            if (application() is { } own)
            {
                own.PassOn(PosixSignals.User1);
            }
            else
            {
                reopenLogs();
            }
        });
        On((PosixSignal)PosixSignals.User2, () => application()?.PassOn(PosixSignals.User2));
        if (!_sharesTerminal)
        {
            On(PosixSignal.SIGWINCH, () => application()?.PassOn(PosixSignals.WindowChanged));
        }
    }

    private void Stops(PosixSignal signal, int number) => On(signal, () => _lifecycle.RequestStop(
        new StopRequest(PosixSignals.Name(number), number, ApplicationWasTold: _sharesTerminal && number != PosixSignals.Terminate)));

    // The terminal's own hang-up means that the person has gone, not that a file has changed.
    private void HangUp(Action reload)
    {
        if (_hadTerminal && !ControllingTerminal.Exists)
        {
            _lifecycle.RequestStop(new StopRequest("the terminal hung up", PosixSignals.Hangup, ApplicationWasTold: _sharesTerminal));
        }
        else
        {
            reload();
        }
    }

    private void On(PosixSignal signal, Action action) => _registrations.Add(PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        action();
    }));
}
