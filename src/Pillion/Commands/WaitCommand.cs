using System.CommandLine;
using Pillion.Application;
using Pillion.Core.Configuration.Reading;
using Pillion.Net;

namespace Pillion.Commands;

/// <summary>
/// <c>pillion wait</c>: returns when a sidecar is up, for start-up ordering (a postStart hook, a shell). What it waits for leaves the application's own health out,
/// because the application may be what starts next.
/// </summary>
internal static class WaitCommand
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    public static Command Create(CommandIo io)
    {
        var timeout = new Option<string>("--timeout") { HelpName = "TIME", Description = "How long to wait, such as 30s or 2m; 60s unless said" };
        var admin = AdminOption.Create($"The sidecar's admin port (or PILLION_ADMIN); {AdminOption.Default} unless said");
        var application = new Option<bool>("--application") { Description = "Wait until the application is healthy too" };
        var command = new Command("wait", "Waits until the sidecar beside us is up; exit code 1 when the time runs out.") { timeout, admin, application };
        command.SetAction((parsed, cancellationToken) =>
        {
            var limit = TimeSpan.FromSeconds(60);
            if (parsed.GetValue(timeout) is { } text && !DurationText.TryParse(text, out limit))
            {
                return Task.FromResult(io.Fail($"--timeout: '{text}' is not a duration; use one such as 30s or 2m"));
            }

            return AdminOption.TryRead(parsed.GetValue(admin), io, out var address, out var mistake)
                ? WaitAsync(address, parsed.GetValue(application) ? "/ready" : "/started", limit, TimeProvider.System, io, cancellationToken)
                : Task.FromResult(io.Fail($"--admin: {mistake}"));
        });
        return command;
    }

    internal static async Task<int> WaitAsync(Address admin, string path, TimeSpan limit, TimeProvider time, CommandIo io, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        var last = "no answer";
        try
        {
            while (true)
            {
                var answer = await PlainHttp.GetAsync(admin, path, "localhost", either.Token).ConfigureAwait(false);
                if (answer.Status == 200)
                {
                    return ExitCodes.Success;
                }

                last = answer.Problem ?? answer.Body.Trim().ReplaceLineEndings("; ");
                await Task.Delay(Interval, time, either.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            return io.Fail($"{admin} is not ready after {DurationText.Format(limit)}: {last}", ExitCodes.Failure);
        }
    }
}
