using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Clusters.Dns;

/// <summary>Names to addresses. Called off the loops; a failure is an answer, only cancellation is thrown.</summary>
internal interface INameResolver
{
    Task<NameAnswer> ResolveAsync(string name, DnsFamily family, CancellationToken cancellationToken);
}
