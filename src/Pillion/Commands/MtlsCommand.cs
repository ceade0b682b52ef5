using System.CommandLine;

namespace Pillion.Commands;

/// <summary><c>pillion mtls</c>: who still comes in the clear, and would be refused if mutual TLS were strict.</summary>
internal static class MtlsCommand
{
    public static Command Create(CommandIo io)
    {
        var admin = AdminOption.Create($"The sidecar's admin port (or PILLION_ADMIN); {AdminOption.Default} unless said");
        var json = new Option<bool>("--json") { Description = "Print it as JSON" };
        var command = new Command("mtls", "Prints which peers still come in the clear where mutual TLS is permissive: whom 'mtls: strict' would refuse.") { admin, json };
        command.SetAction((parsed, cancellationToken) => AdminOption.TryRead(parsed.GetValue(admin), io, out var address, out var mistake)
            ? AdminQuestion.AskAsync(address, parsed.GetValue(json) ? "/mtls?format=json" : "/mtls", io, cancellationToken)
            : Task.FromResult(io.Fail($"--admin: {mistake}")));
        return command;
    }
}
