using System.CommandLine;
using Pillion.Application;
using Pillion.Net;

namespace Pillion.Commands;

/// <summary><c>pillion explain</c>: what happened to one request and which line said so.</summary>
internal static class ExplainCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static Command Create(CommandIo io)
    {
        var id = new Argument<string>("id") { HelpName = "ID" };
        var admin = AdminOption.Create($"The sidecar's admin port (or PILLION_ADMIN); {AdminOption.Default} unless said");
        var json = new Option<bool>("--json") { Description = "Print it as JSON" };
        var command = new Command("explain", "Prints what happened to a request: its route, each policy's verdict and line, every try, the timings, the failure.") { id, admin, json };
        command.SetAction((parsed, cancellationToken) => AdminOption.TryRead(parsed.GetValue(admin), io, out var address, out var mistake)
            ? ExplainAsync(address, parsed.GetRequiredValue(id), parsed.GetValue(json), io, cancellationToken)
            : Task.FromResult(io.Fail($"--admin: {mistake}")));
        return command;
    }

    private static async Task<int> ExplainAsync(Address admin, string id, bool json, CommandIo io, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Patience);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        HttpAnswer answer;
        try
        {
            answer = await PlainHttp.GetAsync(admin, $"/explain/{Uri.EscapeDataString(id)}{(json ? "?format=json" : "")}", "localhost", either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            answer = new HttpAnswer(0, "", "no answer");
        }

        if (answer.Problem is { } problem)
        {
            return io.Fail($"the sidecar at {admin} cannot be asked: {problem}", ExitCodes.Failure);
        }

        if (answer.Status != 200)
        {
            return io.Fail(answer.Body.Trim(), ExitCodes.Failure);
        }

        io.Out.WriteLine(answer.Body.TrimEnd());
        return ExitCodes.Success;
    }
}
