using System.CommandLine;
using Pillion.Core.Configuration.Reading;
using Pillion.Watching;

namespace Pillion.Commands;

/// <summary><c>pillion top</c>: what each route does, once a second, as <c>top</c> shows processes.</summary>
internal static class TopCommand
{
    public static Command Create(CommandIo io)
    {
        var clusters = new Option<bool>("--clusters") { Description = "By cluster, with the requests under way" };
        var peers = new Option<bool>("--peers") { Description = "By who asks: the verified identity, else the address" };
        var once = new Option<bool>("--once") { Description = "Count for one interval, print the table and end" };
        var json = new Option<bool>("--json") { Description = "Print an object a line and interval; with --once, one" };
        var interval = new Option<string>("--interval") { HelpName = "TIME", Description = "How long to count for each table; 1s unless said" };
        var sort = new Option<string>("--sort") { HelpName = "COLUMN", Description = $"{TopOrders.All.Choices()}; rate unless said" };
        var admin = new AdminArguments();
        var command = new Command("top", "Shows what each route does: rate, failures, times, bytes, retries, the newest failure. On a terminal: q quits, s sorts by the next column, p pauses.")
        {
            clusters, peers, once, json, interval, sort,
        };
        admin.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            if (parsed.GetValue(clusters) && parsed.GetValue(peers))
            {
                return io.Fail("--clusters and --peers are two tables; choose one");
            }

            if (parsed.GetValue(interval) is { } text && !(DurationText.TryParse(text, out var duration) && duration >= TopPage.Shortest && duration <= TopPage.Longest))
            {
                return io.Fail($"--interval: '{text}' is not right; use a duration from {DurationText.Format(TopPage.Shortest)} to {DurationText.Format(TopPage.Longest)}");
            }

            var order = TopOrder.Rate;
            if (parsed.GetValue(sort) is { } column && !TopOrders.All.TryGet(column, out order))
            {
                return io.Fail($"--sort: '{column}' is no column; {TopOrders.All.Suggest(column)}");
            }

            if (admin.Read(parsed, io, out var code) is not { } address)
            {
                return code;
            }

            var by = parsed.GetValue(clusters) ? "clusters" : parsed.GetValue(peers) ? "peers" : "routes";
            var path = $"/top?by={by}{(parsed.GetValue(interval) is { } time ? $"&interval={Uri.EscapeDataString(time)}" : "")}";
            using var lines = await AdminLines.OpenAsync(address, path, token: null, io, cancellationToken).ConfigureAwait(false);
            if (lines is null)
            {
                return ExitCodes.Failure;
            }

            if (io.IsTerminal() && !parsed.GetValue(once) && !parsed.GetValue(json))
            {
                return await new TopScreen(io, order).RunAsync(lines, cancellationToken).ConfigureAwait(false);
            }

            while (await lines.NextAsync(cancellationToken).ConfigureAwait(false) is { } line)
            {
                io.Out.WriteLine(parsed.GetValue(json) ? line : TopTable.Text(line, order, io.Ink));
                io.Out.Flush();
                if (parsed.GetValue(once))
                {
                    return ExitCodes.Success;
                }
            }

            return cancellationToken.IsCancellationRequested ? ExitCodes.Success : io.Fail("the sidecar is gone", ExitCodes.Failure);
        });
        return command;
    }
}
