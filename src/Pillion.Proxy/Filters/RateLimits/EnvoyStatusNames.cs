using System.Globalization;
using Pillion.Core.Configuration.Reading;

namespace Pillion.Proxy.Filters.RateLimits;

/// <summary>Envoy's StatusCode: names that are not ours to choose, and the numbers that protobuf's JSON form takes as well.</summary>
internal static class EnvoyStatusNames
{
    private static readonly Dictionary<string, int> Names = new(StringComparer.Ordinal)
    {
        ["OK"] = 200, ["Created"] = 201, ["Accepted"] = 202, ["NoContent"] = 204,
        ["BadRequest"] = 400, ["Unauthorized"] = 401, ["PaymentRequired"] = 402, ["Forbidden"] = 403, ["NotFound"] = 404, ["MethodNotAllowed"] = 405,
        ["NotAcceptable"] = 406, ["ProxyAuthenticationRequired"] = 407, ["RequestTimeout"] = 408, ["Conflict"] = 409, ["Gone"] = 410, ["LengthRequired"] = 411,
        ["PreconditionFailed"] = 412, ["PayloadTooLarge"] = 413, ["URITooLong"] = 414, ["UnsupportedMediaType"] = 415, ["RangeNotSatisfiable"] = 416,
        ["ExpectationFailed"] = 417, ["MisdirectedRequest"] = 421, ["UnprocessableEntity"] = 422, ["Locked"] = 423, ["FailedDependency"] = 424,
        ["UpgradeRequired"] = 426, ["PreconditionRequired"] = 428, ["TooManyRequests"] = 429, ["RequestHeaderFieldsTooLarge"] = 431,
        ["InternalServerError"] = 500, ["NotImplemented"] = 501, ["BadGateway"] = 502, ["ServiceUnavailable"] = 503, ["GatewayTimeout"] = 504,
        ["HTTPVersionNotSupported"] = 505, ["VariantAlsoNegotiates"] = 506, ["InsufficientStorage"] = 507, ["LoopDetected"] = 508, ["NotExtended"] = 510,
        ["NetworkAuthenticationRequired"] = 511,
    };

    public static int Read(ConfigValue value, int usual)
    {
        var name = value.AsText("status", text => Find(text) > 0, "use one of Envoy's names such as Forbidden, or a number", usual.ToString(CultureInfo.InvariantCulture));
        return Find(name) is > 0 and var status ? status : usual;
    }

    /// <summary>0 where it is none.</summary>
    public static int Find(string name) =>
        Names.TryGetValue(name, out var status) || (int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out status) && Names.ContainsValue(status)) ? status : 0;
}
