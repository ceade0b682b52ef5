using System.Buffers.Text;
using System.Text;
using Pillion.Net.Signatures;
using Xunit;

namespace Pillion.Tests.Net.Signatures;

/// <summary>The examples of the standards themselves, and what is no key.</summary>
public sealed class PublicKeyTests
{
    // RFC 8037 appendix A.4.
    private const string Ed25519 = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

    // RFC 7515 appendix A.3.
    private const string Es256 = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

    [Fact]
    public void The_example_of_RFC_8037_is_right()
    {
        var key = PublicKey.FromEd25519(Bytes("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"), out var problem);
        Assert.Equal("", problem);
        Assert.True(Verify(key!, SignatureAlgorithm.EdDsa, Ed25519));
        Assert.False(Verify(key!, SignatureAlgorithm.EdDsa, Ed25519.Replace("RXh", "RXi")));
        Assert.False(Verify(key!, SignatureAlgorithm.ES256, Ed25519));
    }

    [Fact]
    public void The_example_of_RFC_7515_is_right()
    {
        var key = PublicKey.FromCurve(KeyFamily.P256, Bytes("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"), Bytes("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"), out var problem);
        Assert.Equal("", problem);
        Assert.True(Verify(key!, SignatureAlgorithm.ES256, Es256));
        Assert.False(Verify(key!, SignatureAlgorithm.ES256, Es256.Replace("DtEh", "DtEi")));
        Assert.False(Verify(key!, SignatureAlgorithm.RS256, Es256));
    }

    [Fact]
    public void What_is_no_key_says_why()
    {
        Assert.Null(PublicKey.FromRsa(new byte[128].Select(_ => (byte)0xAB).ToArray(), [1, 0, 1], out var problem));
        Assert.Equal("its modulus has 1024 bits; at least 2048 are needed", problem);
        Assert.Null(PublicKey.FromRsa(new byte[256].Select(_ => (byte)0xAB).ToArray(), [1], out problem));
        Assert.Equal("its exponent is not one of RSA", problem);
        Assert.Null(PublicKey.FromCurve(KeyFamily.P256, new byte[32], new byte[31], out problem));
        Assert.Equal("its coordinates are not of 32 bytes", problem);
        Assert.Null(PublicKey.FromCurve(KeyFamily.P256, new byte[32].Select(_ => (byte)1).ToArray(), new byte[32].Select(_ => (byte)2).ToArray(), out problem));
        Assert.StartsWith("it is no key: ", problem);
        Assert.Null(PublicKey.FromEd25519(new byte[31], out _));
    }

    private static bool Verify(PublicKey key, SignatureAlgorithm algorithm, string token)
    {
        var dot = token.LastIndexOf('.');
        return key.Verify(algorithm, Encoding.ASCII.GetBytes(token[..dot]), Bytes(token[(dot + 1)..]));
    }

    private static byte[] Bytes(string text) => Base64Url.DecodeFromChars(text);
}
