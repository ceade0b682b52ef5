using System.Text;
using Pillion.Net.Http;
using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Mirroring;

/// <summary>A route's mirror, compiled: which requests are copied, and how the copy differs.</summary>
internal sealed class Mirror(MirrorConfig config)
{
    private const int MostHost = 512;

    public MirrorConfig Config => config;

    /// <summary>Said in the record of a request that was copied.</summary>
    public string Copied { get; } = "copied to " + config.Cluster;

    public bool Wants(Random random) => config.Percent >= 100 || random.NextDouble() * 100 < config.Percent;

    /// <summary>Makes a copied head that of the copy. Its body comes with it, so nobody has to be asked for it.</summary>
    public void Mark(RequestHead copy)
    {
        copy.ExpectsContinue = false;
        copy.Fields.RemoveAll(KnownField.Expect);
        copy.Fields.RemoveSecrets();
        var host = copy.Authority;
        if (!config.MarksHost || host.IsEmpty || host.Length > MostHost)
        {
            return;
        }

        // Before the port, as Envoy does; the colons of an IPv6 address stand in brackets.
        var suffix = "-shadow"u8;
        var port = host.LastIndexOf((byte)':');
        port = port > host.LastIndexOf((byte)']') ? port : host.Length;
        Span<byte> marked = stackalloc byte[MostHost + 7];
        host[..port].CopyTo(marked);
        suffix.CopyTo(marked[port..]);
        host[port..].CopyTo(marked[(port + suffix.Length)..]);
        copy.SetAuthority(marked[..(host.Length + suffix.Length)]);
    }
}
