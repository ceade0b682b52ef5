using Pillion.Net;

namespace Pillion.Application;

/// <summary>GET: 200-399 is healthy, as in Kubernetes.</summary>
internal sealed class HttpProbe(Address address, string path) : IProbe
{
    public async Task<string?> ProbeAsync(CancellationToken cancellationToken)
    {
        var answer = await PlainHttp.GetAsync(address, path, address.IsUnix ? "localhost" : address.ToString(), cancellationToken, statusOnly: true).ConfigureAwait(false);
        return answer.Problem is { } problem ? $"GET {path} at {address}: {problem}"
            : answer.Status is >= 200 and < 400 ? null
            : $"GET {path} at {address} answered {answer.Status}";
    }
}
