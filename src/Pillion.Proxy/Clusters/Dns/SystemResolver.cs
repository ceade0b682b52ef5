using System.Net.Sockets;
using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Clusters.Dns;

/// <summary>The operating system's resolver: knows its hosts file, search list and name services, tells no times to live.</summary>
internal sealed class SystemResolver(bool reachesV6) : INameResolver
{
    public async Task<NameAnswer> ResolveAsync(string name, DnsFamily family, CancellationToken cancellationToken)
    {
        try
        {
            var all = await System.Net.Dns.GetHostAddressesAsync(name, cancellationToken);
            var isLocal = name.Equals("localhost", StringComparison.OrdinalIgnoreCase);
            return NameAnswer.Of(DnsFamilies.Select(all, family, reachesV6 && !isLocal));
        }
        catch (SocketException refused)
        {
            return NameAnswer.Failed($"{name}: {refused.SocketErrorCode}");
        }
        catch (ArgumentException)
        {
            return NameAnswer.Failed($"'{name}' is not a host name");
        }
    }
}
