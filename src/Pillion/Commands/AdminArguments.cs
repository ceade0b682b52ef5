using System.CommandLine;
using Pillion.Net;

namespace Pillion.Commands;

/// <summary>Which running sidecar is asked: <c>--admin</c>, <c>PILLION_ADMIN</c>, what the configuration of <c>-c</c> or <c>PILLION_CONFIG</c> says, or the default address.</summary>
internal sealed class AdminArguments
{
    private readonly Option<string> _admin = AdminOption.Create($"The sidecar's admin port (or PILLION_ADMIN); {AdminOption.Default} unless said");
    private readonly Option<string> _config = new("--config", "-c") { HelpName = "FILE", Description = "The sidecar's configuration, for the admin address in it (or PILLION_CONFIG)" };

    public void AddTo(Command command)
    {
        command.Options.Add(_admin);
        command.Options.Add(_config);
    }

    /// <summary>Null after a mistake, which has been told.</summary>
    public Address? Read(ParseResult parsed, CommandIo io, out int code)
    {
        code = ExitCodes.Usage;
        var written = parsed.GetValue(_admin);
        var file = parsed.GetValue(_config) ?? (io.Environment("PILLION_CONFIG") is { Length: > 0 } set ? set : null);
        if (written is null && io.Environment("PILLION_ADMIN") is null or "" && file is not null)
        {
            var (config, errors) = PillionConfig.Load(file, io.Environment);
            if (config is null)
            {
                code = io.Fail($"{(errors is [{ IsAboutFile: true } unreadable] ? $"{unreadable}" : $"{file} has mistakes ('pillion check {file}' shows them)")}; say where the sidecar is with --admin");
            }

            return config?.Admin.Address;
        }

        if (AdminOption.TryRead(written, io, out var address, out var mistake))
        {
            return address;
        }

        code = io.Fail($"--admin: {mistake}");
        return null;
    }
}
