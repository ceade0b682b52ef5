using System.Security.Authentication;
using Pillion.Net.Detection;
using Xunit;

namespace Pillion.Tests.Net.Detection;

public sealed class ClientHelloTests
{
    [Fact]
    public void The_hello_of_a_real_client_tells_its_name_its_protocols_and_its_versions()
    {
        var hello = Read(Hellos.FromClient("Orders.Example", SslProtocols.None, "h2", "http/1.1"));
        Assert.Equal("orders.example", hello.ServerName);
        Assert.Equal(["h2", "http/1.1"], hello.ApplicationProtocols);
        Assert.True(hello.OffersTls13);
    }

    [Fact]
    public void A_client_of_tls_1_2_offers_no_more()
    {
        var hello = Read(Hellos.FromClient("a.example", SslProtocols.Tls12));
        Assert.Equal(0x0303, hello.HighestVersion);
        Assert.False(hello.OffersTls13);
        Assert.Empty(hello.ApplicationProtocols);
    }

    [Fact]
    public void However_a_hello_is_cut_it_is_complete_with_its_last_byte_and_not_before()
    {
        var bytes = Hellos.FromClient("orders.example", SslProtocols.None, "h2");
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.Equal(Recognition.NeedMore, ClientHello.TryRead(bytes.AsSpan(0, length), out var early));
            Assert.Null(early);
        }

        Assert.Equal("orders.example", Read([.. bytes, 23, 3, 3]).ServerName);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(64)]
    public void A_hello_may_be_spread_over_records_of_any_size(int size)
    {
        var message = Hellos.Message([.. Hellos.NameExtension("orders.example"), .. Hellos.AlpnExtension("h2")]);
        var bytes = Hellos.Split(message, size);
        Assert.Equal("orders.example", Read(bytes).ServerName);
        Assert.Equal(["h2"], Read(bytes).ApplicationProtocols);
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.Equal(Recognition.NeedMore, ClientHello.TryRead(bytes.AsSpan(0, length), out _));
        }
    }

    [Fact]
    public void A_real_hello_that_is_spread_over_records_is_the_same_hello()
    {
        var whole = Hellos.FromClient("orders.example", SslProtocols.None, "h2");
        Assert.Equal("orders.example", Read(Hellos.Split(whole[5..], 100)).ServerName);
    }

    [Fact]
    public void Grease_is_passed_over()
    {
        var hello = Read(Hellos.Record(
        [
            .. Hellos.Extension(0x0A0A), .. Hellos.Extension(0xFAFA, 0), .. Hellos.VersionsExtension(0xBABA, 0x0304, 0x0303),
            .. Hellos.AlpnExtension("\u001a\u001a", "h2"), .. Hellos.NameExtension("a.example"),
        ]));
        Assert.Equal(0x0304, hello.HighestVersion);
        Assert.Equal(["h2"], hello.ApplicationProtocols);
        Assert.Equal("a.example", hello.ServerName);
    }

    [Fact]
    public void A_hello_without_extensions_names_nobody()
    {
        var hello = Read(Hellos.Record(null, 0x0301));
        Assert.Null(hello.ServerName);
        Assert.Equal(0x0301, hello.HighestVersion);
    }

    [Theory]
    [InlineData("a.example.", "a.example")]
    [InlineData("A_B-c.Example", "a_b-c.example")]
    [InlineData("10.0.0.1", null)]
    [InlineData("a..b", null)]
    [InlineData(".a", null)]
    [InlineData("a b", null)]
    [InlineData("a\0.example", null)]
    [InlineData("a\u00e9.example", null)]
    [InlineData(".", null)]
    public void A_name_that_is_no_host_name_is_no_name(string written, string? read) =>
        Assert.Equal(read, Read(Hellos.Record(Hellos.NameExtension(written))).ServerName);

    [Fact]
    public void A_name_may_have_253_bytes_and_labels_of_63()
    {
        var label = new string('a', 63);
        Assert.NotNull(Read(Hellos.Record(Hellos.NameExtension($"{label}.{label}.{label}.{label[..61]}"))).ServerName);
        Assert.Null(Read(Hellos.Record(Hellos.NameExtension($"{label}.{label}.{label}.{label[..62]}"))).ServerName);
        Assert.Null(Read(Hellos.Record(Hellos.NameExtension(label + "a"))).ServerName);
    }

    public static TheoryData<string, byte[]> Broken => new()
    {
        { "two names in the list", Hellos.Record(Hellos.Extension(Hellos.ServerName, Hellos.Vector16([0, 0, 1, 97, 0, 0, 1, 98]))) },
        { "the name twice", Hellos.Record([.. Hellos.NameExtension("a"), .. Hellos.NameExtension("b")]) },
        { "protocols twice", Hellos.Record([.. Hellos.AlpnExtension("h2"), .. Hellos.AlpnExtension("h2")]) },
        { "a name of another type", Hellos.Record(Hellos.Extension(Hellos.ServerName, Hellos.Vector16([1, 0, 1, 97]))) },
        { "an empty name", Hellos.Record(Hellos.NameExtension("")) },
        { "an empty list of names", Hellos.Record(Hellos.Extension(Hellos.ServerName, 0, 0)) },
        { "an empty protocol", Hellos.Record(Hellos.AlpnExtension("")) },
        { "a list longer than its extension", Hellos.Record(Hellos.Extension(Hellos.Alpn, 0, 9, 2, 104, 50)) },
        { "bytes behind the list", Hellos.Record(Hellos.Extension(Hellos.Alpn, 0, 3, 2, 104, 50, 0)) },
        { "an extension longer than all", Hellos.Record([0, 0, 0, 9, 0]) },
        { "versions of odd length", Hellos.Record(Hellos.Extension(Hellos.SupportedVersions, 3, 3, 4, 3)) },
        { "another version", Hellos.Record([], 0x0203) },
        { "a server's hello", [22, 3, 1, 0, 4, 2, 0, 0, 0] },
        { "an empty record", [22, 3, 1, 0, 0] },
        { "a record above 2^14", [22, 3, 1, 0x40, 1] },
        { "a hello above the bound", [22, 3, 1, 0x40, 0, 1, 0, 0x40, 0] },
        { "an alert between its records", [.. Hellos.Split(Hellos.Message([]), 8)[..13], 21, 3, 1, 0, 2, 1, 0] },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public void What_only_looks_like_a_hello_is_malformed(string what, byte[] bytes)
    {
        var answers = Enumerable.Range(0, bytes.Length + 1).Select(length => ClientHello.TryRead(bytes.AsSpan(0, length), out _)).ToList();
        Assert.True(answers[^1] is Recognition.Malformed or Recognition.No, what);
        // Once refused it stays refused, whatever follows.
        Assert.All(answers.SkipWhile(answer => answer == Recognition.NeedMore), answer => Assert.Equal(answers[^1], answer));
        Assert.DoesNotContain(Recognition.Yes, answers);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n")]
    [InlineData("\u0016\u0002\u0001")]
    [InlineData("\u0016\u0003\u0005")]
    [InlineData("\u0017\u0003\u0003")]
    public void What_is_no_handshake_record_is_no_hello(string text) =>
        Assert.Equal(Recognition.No, ClientHello.TryRead(System.Text.Encoding.Latin1.GetBytes(text), out _));

    [Fact]
    public void A_hello_that_is_not_complete_within_16_KiB_is_given_up()
    {
        var bytes = Hellos.Split(Hellos.Message([.. Hellos.Extension(21, new byte[15_000])]), 40);
        Assert.True(bytes.Length > ClientHello.MaxBytes);
        Assert.Equal(Recognition.NeedMore, ClientHello.TryRead(bytes.AsSpan(0, ClientHello.MaxBytes - 1), out _));
        Assert.Equal(Recognition.Malformed, ClientHello.TryRead(bytes.AsSpan(0, ClientHello.MaxBytes), out _));
        Assert.Equal(Recognition.Malformed, ClientHello.TryRead(bytes, out _));
    }

    [Fact]
    public void A_large_hello_with_post_quantum_key_shares_is_read()
    {
        var bytes = Hellos.Split(Hellos.Message([.. Hellos.Extension(51, new byte[12_000]), .. Hellos.NameExtension("a.example")]), 4096);
        Assert.Equal("a.example", Read(bytes).ServerName);
    }

    private static ClientHello Read(byte[] bytes)
    {
        Assert.Equal(Recognition.Yes, ClientHello.TryRead(bytes, out var hello));
        return hello!;
    }
}
