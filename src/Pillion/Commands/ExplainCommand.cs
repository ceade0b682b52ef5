using System.CommandLine;

namespace Pillion.Commands;

/// <summary><c>pillion explain</c>: what happened to one request and which line said so.</summary>
internal static class ExplainCommand
{
    public static Command Create(CommandIo io)
    {
        var id = new Argument<string>("id") { HelpName = "ID" };
        var admin = AdminOption.Create($"The sidecar's admin port (or PILLION_ADMIN); {AdminOption.Default} unless said");
        var json = new Option<bool>("--json") { Description = "Print it as JSON" };
        var command = new Command("explain", "Prints what happened to a request: its route, each policy's verdict and line, every try, the timings, the failure.") { id, admin, json };
        command.SetAction((parsed, cancellationToken) => AdminOption.TryRead(parsed.GetValue(admin), io, out var address, out var mistake)
            ? AdminQuestion.AskAsync(
                address, $"/explain/{Uri.EscapeDataString(parsed.GetRequiredValue(id))}{(parsed.GetValue(json) ? "?format=json" : "")}", io, cancellationToken)
            : Task.FromResult(io.Fail($"--admin: {mistake}")));
        return command;
    }
}
