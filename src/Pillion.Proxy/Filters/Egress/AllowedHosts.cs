using System.Buffers.Text;
using System.Text;
using Pillion.Core.Configuration;
using Pillion.Proxy.Routing;

namespace Pillion.Proxy.Filters.Egress;

/// <summary>The compiled list: which entry covers a host and a port. Hosts are compared without regard to case and to the dot of the root.</summary>
internal sealed class AllowedHosts(ValueList<AllowedHostConfig> hosts)
{
    private readonly (byte[] Host, AllowedHostConfig Config)[] _hosts = [.. hosts.Select(host => (Encoding.ASCII.GetBytes(host.Host), host))];

    /// <summary>The entry that covers it; null is none.</summary>
    /// <param name="authority">A host, with or without port.</param>
    /// <param name="defaultPort">Where it has none.</param>
    public AllowedHostConfig? Find(ReadOnlySpan<byte> authority, int defaultPort)
    {
        var host = DomainTable.WithoutPort(authority);
        var port = defaultPort;
        if (host.Length < authority.Length && (!Utf8Parser.TryParse(authority[(host.Length + 1)..], out port, out var read) || read != authority.Length - host.Length - 1))
        {
            return null;
        }

        host = host is [.. var name, (byte)'.'] ? name : host;
        foreach (var (known, config) in _hosts)
        {
            if (config.Port is { } wanted && wanted != port)
            {
                continue;
            }

            // A star stands for at least one character.
            if (config.IsSuffix ? host.Length > known.Length && Ascii.EqualsIgnoreCase(host[^known.Length..], known) : Ascii.EqualsIgnoreCase(host, known))
            {
                return config;
            }
        }

        return null;
    }
}
