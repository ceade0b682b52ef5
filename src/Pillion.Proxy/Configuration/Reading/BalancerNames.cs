using Pillion.Core.Configuration;

namespace Pillion.Proxy.Configuration.Reading;

/// <summary>The balancers under the names of Pillion's own files.</summary>
internal static class BalancerNames
{
    public static readonly Registry<string> All = new("balancer")
    {
        { "least_request", "least_request" },
        { "round_robin", "round_robin" },
    };
}
