using Pillion.EndToEnd.Support;
using Xunit;

namespace Pillion.EndToEnd.Tls;

/// <summary>An OCSP answer from a file, made by openssl's responder and read by openssl's client.</summary>
public sealed class StapleTests
{
    [Theory]
    [InlineData("-tls1_2")]
    [InlineData("-tls1_3")]
    public async Task The_answer_about_the_certificate_is_sent_along_with_it(string version)
    {
        var openssl = Peers.Need("openssl");
        using var files = new TempDirectory();
        using var authority = new CertificateAuthority(files);
        var own = authority.Issue("app", "localhost");
        var signer = files.Write("ca.key", authority.KeyPem);

        // openssl's index of certificates: valid, until, revoked, serial, file, subject.
        files.Write("index.txt", $"V\t{DateTime.UtcNow.AddHours(1):yyMMddHHmmss}Z\t\t{own.Certificate.SerialNumber}\tunknown\t/CN=app\n");
        files.Write("index.txt.attr", "unique_subject = no\n");
        var request = await Running.ToEndAsync(openssl, ["ocsp", "-no_nonce", "-issuer", authority.BundleFile, "-cert", own.ChainFile, "-reqout", files["request.der"]]);
        Assert.Equal(0, request.Code);
        var answered = await Running.ToEndAsync(
            openssl, ["ocsp", "-index", files["index.txt"], "-CA", authority.BundleFile, "-rsigner", authority.BundleFile, "-rkey", signer, "-reqin", files["request.der"], "-respout", files["staple.der"], "-ndays", "1"]);
        Assert.True(answered.Code == 0, answered.ToString());

        var port = Ports.Next();
        await using var sidecar = await Sidecar.StartAsync($$"""
            inbound:
              address: 127.0.0.1:{{port}}
              tls:
                certificate: {{own.ChainFile}}
                key: {{own.KeyFile}}
                ocsp_staple: {{files["staple.der"]}}
              routes: [ { prefix: /, respond: 204 } ]
            outbound: off
            """);
        var told = await OpenSsl.ConnectAsync(port, version, "-status", "-CAfile", authority.BundleFile, "-verify_return_error", "-servername", "localhost");
        Assert.Contains("OCSP Response Status: successful (0x0)", told.Out);
        Assert.Contains("Cert Status: good", told.Out);
        Assert.Contains("HTTP/1.1 204", told.Out);
    }
}
