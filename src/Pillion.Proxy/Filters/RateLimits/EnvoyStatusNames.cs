using Pillion.Core.Configuration;

namespace Pillion.Proxy.Filters.RateLimits;

/// <summary>Envoy's StatusCode: names that are not ours to choose, and the numbers that protobuf's JSON form takes as well.</summary>
internal static class EnvoyStatusNames
{
    public static readonly Registry<int> All = Make();

    private static Registry<int> Make()
    {
        var names = new Registry<int>("status");
        foreach (var (name, status) in ((string, int)[])
                 [
                     ("TooManyRequests", 429), ("BadRequest", 400), ("Unauthorized", 401), ("PaymentRequired", 402), ("Forbidden", 403), ("NotFound", 404),
                     ("MethodNotAllowed", 405), ("NotAcceptable", 406), ("RequestTimeout", 408), ("Conflict", 409), ("Gone", 410), ("PayloadTooLarge", 413),
                     ("Locked", 423), ("PreconditionRequired", 428), ("InternalServerError", 500), ("NotImplemented", 501), ("BadGateway", 502),
                     ("ServiceUnavailable", 503), ("GatewayTimeout", 504), ("InsufficientStorage", 507), ("OK", 200), ("Accepted", 202), ("NoContent", 204),
                 ])
        {
            names.Add(name, status);
            names.Add(status.ToString(System.Globalization.CultureInfo.InvariantCulture), status);
        }

        return names;
    }
}
