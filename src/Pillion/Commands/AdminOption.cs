using System.CommandLine;
using Pillion.Net;

namespace Pillion.Commands;

/// <summary>Where a running sidecar is asked: <c>--admin</c>, <c>PILLION_ADMIN</c>, or the default address.</summary>
internal static class AdminOption
{
    public const string Default = "127.0.0.1:15000";

    public static Option<string> Create(string description) => new("--admin") { HelpName = "ADDRESS", Description = description };

    /// <summary>False when what was written is no address; the mistake is then one line.</summary>
    public static bool TryRead(string? written, CommandIo io, out Address address, out string mistake)
    {
        var text = written ?? (io.Environment("PILLION_ADMIN") is { Length: > 0 } set ? set : Default);
        mistake = "";
        if (Address.TryParse(text, out var parsed))
        {
            address = parsed;
            return true;
        }

        address = Address.Unix("");
        mistake = $"'{text}' is not an address; use {Default} or unix:/path";
        return false;
    }
}
