using Pillion.Net.Tls;
using Xunit;

namespace Pillion.Tests.Net.Tls;

public sealed class TlsConnectionTests
{
    [Theory]
    [InlineData(TlsVersions.Tls12, "TLSv1.2", "ECDHE-ECDSA-AES128-GCM-SHA256")]
    [InlineData(TlsVersions.Tls13, "TLSv1.3", "TLS_AES_256_GCM_SHA384")]
    internal void Bytes_go_both_ways_in_either_version(TlsVersions version, string name, string cipher)
    {
        using var tls = new TlsFixture().Shaken(client: TlsFixture.ClientSettings with { Max = version });
        tls.Send(tls.Client, "hello"u8.ToArray());
        Assert.Equal("hello"u8.ToArray(), tls.Receive(tls.Server));
        tls.Send(tls.Server, "there"u8.ToArray());
        Assert.Equal("there"u8.ToArray(), tls.Receive(tls.Client));
        Assert.Equal((name, cipher), (tls.Client.Tls.Version, tls.Client.Tls.Cipher));
        Assert.Equal((name, cipher), (tls.Server.Tls.Version, tls.Server.Tls.Cipher));
        Assert.Equal("server.test", tls.Server.Tls.ServerName);
        Assert.Equal("the server", tls.Client.Tls.PeerIdentity);
        Assert.Equal(TlsFixture.ServerLeaf.Certificate.RawData, tls.Client.Tls.Peer!.Der.ToArray());
        Assert.Equal(["spiffe://test/server"], tls.Client.Tls.Peer.UriNames);
        Assert.Null(tls.Server.Tls.Peer);
    }
}
