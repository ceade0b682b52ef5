using System.CommandLine;
using System.Globalization;
using System.Text;
using Pillion.Admin;
using Pillion.Net;
using Pillion.Tapping;

namespace Pillion.Commands;

/// <summary><c>pillion tap</c>: requests as they come, by filter, with secrets left out.</summary>
internal static class TapCommand
{
    public static Command Create(CommandIo io)
    {
        Option<string>[] conditions =
        [
            Text("--route", "NAME", "Requests of this route; an asterisk at the end takes all that begin so, here and below"),
            Text("--status", "STATUS", "Answered so: 503, 5xx or 400-499; several with commas; 0 is no answer"),
            Text("--peer", "PEER", "From this address or network, or from whom this identity was verified"),
            Text("--cluster", "NAME", "Sent to this cluster"),
            Text("--listener", "NAME", "Come in by this listener"),
            Text("--method", "METHOD", "Of this method"),
            Text("--path", "PREFIX", "Whose target begins so"),
            Text("--slower", "TIME", "That took this long or longer: 200ms"),
        ];
        var headers = new Option<string[]>("--header") { HelpName = "NAME[=VALUE]", Description = "With this header, of this value; may be given again. Needs the sidecar's token file" };
        var limit = Text("--limit", "N", "End after so many");
        var show = new Option<bool>("--show-headers") { Description = "Show headers too, the values of those that carry secrets left out. Needs the sidecar's token file" };
        var admin = new AdminArguments();
        var json = new Option<bool>("--json") { Description = "Print an object a line" };
        var command = new Command("tap", "Shows requests as they end, those that meet every condition. Never bodies; secrets in headers and parameters are left out.");
        foreach (var option in (Option[])[.. conditions, headers, limit, show, json])
        {
            command.Options.Add(option);
        }

        admin.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var given = new List<(string Name, string Value)>();
            given.AddRange(conditions.Select(option => (option.Name[2..], Value: parsed.GetValue(option)!)).Where(pair => pair.Value is not null));
            given.AddRange((parsed.GetValue(headers) ?? []).Select(header => ("header", header)));
            if (TapFilter.Read(name => given.Where(pair => pair.Name == name).Select(pair => pair.Value), out var mistake) is not { } filter)
            {
                return io.Fail("--" + mistake);
            }

            long? count = null;
            if (parsed.GetValue(limit) is { } text)
            {
                if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number is < 1 or > TapPage.MostShown)
                {
                    return io.Fail($"--limit: '{text}' is not a number of requests; use 1-{TapPage.MostShown}");
                }

                count = number;
                given.Add(("limit", text));
            }

            if (admin.Read(parsed, io, out var code) is not { } address)
            {
                return code;
            }

            var query = new StringBuilder("/tap?");
            foreach (var (name, value) in given)
            {
                query.Append(name).Append('=').Append(Uri.EscapeDataString(value)).Append('&');
            }

            query.Append(parsed.GetValue(show) ? "headers&" : "").Append(parsed.GetValue(json) ? "format=json" : io.Ink.IsOn ? "color" : "");
            var token = parsed.GetValue(show) || filter.ReadsHeaders ? Token(address, io) : null;
            using var lines = await AdminLines.OpenAsync(address, query.ToString(), token, io, cancellationToken).ConfigureAwait(false);
            return lines is null ? ExitCodes.Failure : await PrintAsync(lines, count, io, cancellationToken).ConfigureAwait(false);
        });
        return command;
    }

    private static async Task<int> PrintAsync(AdminLines lines, long? limit, CommandIo io, CancellationToken cancellationToken)
    {
        while (await lines.NextAsync(cancellationToken).ConfigureAwait(false) is { } line)
        {
            io.Out.WriteLine(line);
            io.Out.Flush();
        }

        return limit is not null || cancellationToken.IsCancellationRequested ? ExitCodes.Success : io.Fail("the sidecar has ended the tap", ExitCodes.Failure);
    }

    // As the sidecar writes it; who may not read the file is told so by the sidecar's refusal.
    private static string? Token(Address admin, CommandIo io)
    {
        try
        {
            return AdminToken.DefaultPath(admin, io.Environment, Environment.IsPrivilegedProcess) is { } path && File.Exists(path) && new FileInfo(path).Length < 1024
                ? File.ReadAllText(path).Trim()
                : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static Option<string> Text(string name, string value, string description) => new(name) { HelpName = value, Description = description };
}
