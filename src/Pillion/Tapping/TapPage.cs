using System.Globalization;
using System.Net;
using Pillion.Admin;
using Pillion.Core.Configuration.Roles;
using Pillion.Core.Signals.Watching;
using Pillion.Net;

namespace Pillion.Tapping;

/// <summary>
/// Opens taps for the admin port. What a request is (method, path, status) is for whoever reaches the port, as on its other pages; headers are for who holds
/// the token: in a pod every container reaches the port, and headers are what applications keep their secrets in.
/// </summary>
internal sealed class TapPage(AdminSources sources, AdminToken? token)
{
    public const long MostShown = 1_000_000;

    public AdminResponse Answer(AdminRequest request)
    {
        if (Refusal(sources.Tap(), sources.AdminAddress()) is { } refusal)
        {
            return AdminResponse.Text(403, refusal);
        }

        if (TapFilter.Read(request.Parameters, out var mistake) is not { } filter)
        {
            return AdminResponse.Text(400, mistake);
        }

        var limit = MostShown;
        if (request.Parameter("limit") is { } text && !(long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out limit) && limit is >= 1 and <= MostShown))
        {
            return AdminResponse.Text(400, $"limit: '{text}' is not a number of requests; use 1-{MostShown}");
        }

        var withHeaders = request.Parameter("headers") is not null;
        if ((withHeaders || filter.ReadsHeaders) && token?.Accepts(request.BearerToken) is not true)
        {
            return AdminResponse.Text(401, token is null
                ? "headers cannot be shown: the token file could not be written at the start"
                : $"headers are for who holds the token: Authorization: Bearer $(cat {token.Path})").With("WWW-Authenticate", "Bearer");
        }

        var tap = new Tap(filter, withHeaders);
        return sources.Watchers.TryAdd(tap)
            ? new AdminResponse(200, request.WantsJson ? "application/x-ndjson" : AdminResponse.PlainText, default)
            {
                Stream = new TapStream(tap, sources.Watchers, limit, request.WantsJson, request.Ink),
            }
            : AdminResponse.Text(503, $"{RequestWatchers.Most} taps and tops are open already; end one of them");
    }

    /// <summary>Why requests may not be watched over an admin port at this address; null where they may.</summary>
    internal static string? Refusal(TapAccess access, Address? address) => access switch
    {
        TapAccess.Everywhere => null,
        TapAccess.Off => "requests may not be watched here: the configuration says 'admin: { tap: off }'",
        _ when address is null || address.IsUnix || (IPAddress.TryParse(address.Host, out var ip) && IPAddress.IsLoopback(ip)) => null,
        _ => $"requests may not be watched over {address}, which other machines reach: use a loopback address or a Unix socket, or allow it with 'admin: {{ tap: everywhere }}'",
    };
}
