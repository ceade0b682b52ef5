using System.Runtime.Versioning;
using Microsoft.Extensions.Logging;
using Pillion.Net;
using Pillion.Net.Posix;

namespace Pillion.Capture;

/// <summary>Capture that lasts as long as a sidecar runs: installed behind its listeners, removed when it stops. After a kill -9 the next installation replaces what was left.</summary>
[SupportedOSPlatform("linux")]
internal sealed partial class RunningCapture(ChildProcesses processes, ILogger logger) : IAsyncDisposable
{
    private readonly TrafficCapture _capture = new(processes);
    private bool _isInstalled;

    /// <summary>Returns why it cannot be installed, or null.</summary>
    public async Task<string?> InstallAsync(PillionConfig config, Address admin, CancellationToken cancellationToken)
    {
        var options = CaptureOptions.Of(config.Capture!, admin);
        var mistake = await _capture.InstallAsync(options, cancellationToken).ConfigureAwait(false);
        _isInstalled = mistake is null;
        if (_isInstalled)
        {
            LogInstalled();
        }

        return mistake;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_isInstalled)
        {
            return;
        }

        if (await _capture.RemoveAsync(CancellationToken.None).ConfigureAwait(false) is { } mistake)
        {
            LogNotRemoved(mistake);
        }
        else
        {
            LogRemoved();
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "connections are captured")]
    private partial void LogInstalled();

    [LoggerMessage(Level = LogLevel.Information, Message = "connections are no longer captured")]
    private partial void LogRemoved();

    [LoggerMessage(Level = LogLevel.Error, Message = "the capture rules stay: {Mistake}; remove them with 'pillion capture remove'")]
    private partial void LogNotRemoved(string mistake);
}
