using System.CommandLine;
using System.Globalization;

namespace Pillion.Commands;

/// <summary><c>pillion explain</c>: what happened to one request and which line said so; or to the newest that failed, or to those of a route.</summary>
internal static class ExplainCommand
{
    public static Command Create(CommandIo io)
    {
        var id = new Argument<string?>("id") { HelpName = "ID", Arity = ArgumentArity.ZeroOrOne };
        var lastError = new Option<bool>("--last-error") { Description = "The newest request that failed" };
        var route = new Option<string>("--route") { HelpName = "NAME", Description = "How the newest requests of a route fared" };
        var count = new Option<string>("--count") { HelpName = "N", Description = "With --route: how many of them, 1-1000; 100 unless said" };
        var admin = new AdminArguments();
        var json = new Option<bool>("--json") { Description = "Print it as JSON, an object a line" };
        var command = new Command(
            "explain",
            "Prints what happened to a request, by its request or trace id or the beginning of one: who asked, its route, each policy's verdict and line, every try, the timings, the failure, and what can be done.")
        {
            id, lastError, route, count,
        };
        admin.AddTo(command);
        command.Options.Add(json);
        command.SetAction((parsed, cancellationToken) =>
        {
            var (asked, byRoute, isLast) = (parsed.GetValue(id), parsed.GetValue(route), parsed.GetValue(lastError));
            var given = (asked is null ? 0 : 1) + (byRoute is null ? 0 : 1) + (isLast ? 1 : 0);
            if (given != 1)
            {
                return Task.FromResult(io.Fail(given == 0 ? "ID is missing; --last-error and --route NAME need none (see 'pillion explain --help')" : "explain takes one of ID, --last-error and --route"));
            }

            if (parsed.GetValue(count) is { } text && (byRoute is null || !int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number is < 1 or > 1000))
            {
                return Task.FromResult(io.Fail(byRoute is null ? "--count says nothing without --route" : $"--count: '{text}' is not a number of requests; use 1-1000"));
            }

            if (admin.Read(parsed, io, out var code) is not { } address)
            {
                return Task.FromResult(code);
            }

            var path = asked is not null ? $"/explain/{Uri.EscapeDataString(asked)}?"
                : byRoute is null ? "/explain?last_error"
                : $"/explain?route={Uri.EscapeDataString(byRoute)}{(parsed.GetValue(count) is { } n ? $"&count={n}" : "")}";
            return AdminQuestion.AskAsync(address, $"{path}{(parsed.GetValue(json) ? "&format=json" : io.Ink.IsOn ? "&color" : "")}", io, cancellationToken);
        });
        return command;
    }
}
