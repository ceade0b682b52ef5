using System.Buffers.Binary;
using System.Text;
using Pillion.Net.Detection;
using Xunit;

namespace Pillion.Tests.Net.Detection;

public sealed class ProxyHeaderReaderTests
{
    private static readonly byte[] Addresses4 = [10, 0, 0, 1, 10, 0, 0, 2, 0xDC, 0x04, 0x01, 0xBB];

    [Theory]
    [InlineData("PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n", "192.0.2.1:56324", "198.51.100.7:443")]
    [InlineData("PROXY TCP4 255.255.255.255 0.0.0.0 65535 0\r\n", "255.255.255.255:65535", "0.0.0.0:0")]
    [InlineData("PROXY TCP6 2001:db8::1 ::1 1 2\r\n", "[2001:db8::1]:1", "[::1]:2")]
    [InlineData("PROXY TCP6 ::ffff:10.0.0.1 2001:DB8::2 1 2\r\n", "10.0.0.1:1", "[2001:db8::2]:2")]
    public void A_header_of_version_1_tells_both_addresses(string text, string source, string destination)
    {
        var header = Read(Bytes(text + "GET /"), text.Length);
        Assert.Equal((1, false), (header.Version, header.IsLocal));
        Assert.Equal((source, destination), (header.Source.ToString(), header.Destination.ToString()));
        NeedsMoreUntil(Bytes(text));
    }

    [Theory]
    [InlineData("PROXY UNKNOWN\r\n")]
    [InlineData("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n")]
    [InlineData("PROXY UNKNOWN \u00ff\0 whatever\r\n")]
    public void An_unknown_connection_keeps_the_addresses_of_its_socket(string text)
    {
        Assert.True(Read(Bytes(text), text.Length).IsLocal);
        NeedsMoreUntil(Bytes(text));
    }

    [Theory]
    [InlineData("PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\n")]
    [InlineData("PROXY TCP4  192.0.2.1 198.51.100.7 56324 443\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 198.51.100.7 56324 443 \r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 198.51.100.7 56324\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 198.51.100.7 56324 443 1\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 198.51.100.7 65536 443\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 198.51.100.7 -1 443\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 198.51.100.7 01 443\r\n")]
    [InlineData("PROXY TCP4 192.0.2.01 198.51.100.7 1 443\r\n")]
    [InlineData("PROXY TCP4 192.0.2.256 198.51.100.7 1 443\r\n")]
    [InlineData("PROXY TCP4 192.0.2 198.51.100.7 1 443\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1.1 198.51.100.7 1 443\r\n")]
    [InlineData("PROXY TCP4 2001:db8::1 2001:db8::2 1 443\r\n")]
    [InlineData("PROXY TCP6 192.0.2.1 198.51.100.7 1 443\r\n")]
    [InlineData("PROXY TCP6 fe80::1%eth0 ::1 1 443\r\n")]
    [InlineData("PROXY TCP6 [::1] ::1 1 443\r\n")]
    [InlineData("PROXY UNKNOWNX\r\n")]
    [InlineData("PROXY TCP5 192.0.2.1 198.51.100.7 1 443\r\n")]
    [InlineData("PROXY tcp4 192.0.2.1 198.51.100.7 1 443\r\n")]
    [InlineData("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 655350\r\n")]
    public void A_header_of_version_1_that_is_not_exactly_one_is_malformed(string text) => Refused(Bytes(text), Recognition.Malformed);

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n")]
    [InlineData("PROXY /path HTTP/1.1\r\n")]
    [InlineData("PROXYING")]
    [InlineData("\r\n\r\n\0\r\nQUIC\n")]
    [InlineData("\u0016\u0003\u0001")]
    public void Something_else_is_no_header(string text) => Refused(Bytes(text), Recognition.No);

    [Fact]
    public void A_header_of_version_2_tells_both_addresses_of_ipv4()
    {
        var bytes = Version2(0x21, 0x11, Addresses4);
        var header = Read([.. bytes, 1, 2, 3], bytes.Length);
        Assert.Equal((2, false), (header.Version, header.IsLocal));
        Assert.Equal(("10.0.0.1:56324", "10.0.0.2:443"), (header.Source.ToString(), header.Destination.ToString()));
        NeedsMoreUntil(bytes);
    }

    [Fact]
    public void A_header_of_version_2_tells_both_addresses_of_ipv6()
    {
        byte[] one = [0x20, 0x01, 0x0D, 0xB8, .. new byte[11], 1];
        var bytes = Version2(0x21, 0x21, [.. one, .. new byte[15], 1, 0, 7, 0, 8]);
        var header = Read(bytes, bytes.Length);
        Assert.Equal(("[2001:db8::1]:7", "[::1]:8"), (header.Source.ToString(), header.Destination.ToString()));
    }

    [Theory]
    [InlineData(0x20, 0x00, 0)]
    [InlineData(0x20, 0x11, 12)]
    [InlineData(0x20, 0x11, 3)]
    [InlineData(0x21, 0x00, 0)]
    [InlineData(0x21, 0x12, 12)]
    [InlineData(0x21, 0x31, 216)]
    public void A_local_header_and_one_that_is_not_of_tcp_keep_the_addresses_of_the_socket(byte command, byte family, int length)
    {
        var bytes = Version2(command, family, new byte[length]);
        Assert.True(Read(bytes, bytes.Length).IsLocal);
    }

    [Fact]
    public void The_values_behind_the_addresses_are_read()
    {
        byte[] ssl = [0x01 | 0x02, 0, 0, 0, 0, .. Value(0x21, "TLSv1.3"), .. Value(0x22, "client"), .. Value(0x23, "AES")];
        var bytes = Version2(0x21, 0x11,
        [
            .. Addresses4, .. Value(0x02, "Orders.Example"), .. Value(0x01, "h2"), .. Value(0xD0, "spiffe://a.example/ns/x/sa/y"), .. Value(0x20, ssl),
            .. Value(0x05, [1, 2]), .. Value(0x04, new byte[7]), .. Value(0xEE, []),
        ]);
        var header = Read(bytes, bytes.Length);
        Assert.Equal("orders.example", header.Authority);
        Assert.Equal("h2", header.ApplicationProtocol);
        Assert.Equal("spiffe://a.example/ns/x/sa/y", header.Identity);
        Assert.Equal(new ProxyHeaderTls(true, "TLSv1.3", "client"), header.Tls);
    }

    [Theory]
    [InlineData(0x01, 0u, false)]
    [InlineData(0x03, 1u, false)]
    [InlineData(0x05, 0u, true)]
    public void A_client_certificate_counts_as_verified_only_where_there_was_one_and_it_was_good(byte client, uint verify, bool isVerified)
    {
        var bytes = Version2(0x21, 0x11, [.. Addresses4, .. Value(0x20, [client, (byte)(verify >> 24), 0, 0, (byte)verify])]);
        Assert.Equal(isVerified, Read(bytes, bytes.Length).Tls!.IsVerified);
    }

    [Fact]
    public void A_client_without_tls_has_none() =>
        Assert.Null(Read(Version2(0x21, 0x11, [.. Addresses4, .. Value(0x20, new byte[5])]), 16 + 12 + 8).Tls);

    [Fact]
    public void A_checksum_is_verified()
    {
        var bytes = Version2(0x21, 0x11, [.. Addresses4, .. Value(0x03, new byte[4]), .. Value(0x02, "a")]);
        var at = 16 + 12 + 3;
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(at), Crc32C(bytes));
        Assert.Equal("a", Read(bytes, bytes.Length).Authority);
        for (var bit = 0; bit < 8; bit++)
        {
            var damaged = bytes.ToArray();
            damaged[18] ^= (byte)(1 << bit);
            Assert.Equal(Recognition.Malformed, ProxyHeaderReader.TryRead(damaged, out _, out _));
        }
    }

    public static TheoryData<string, byte[]> Broken => new()
    {
        { "another version", Version2(0x11, 0x11, Addresses4) },
        { "another command", Version2(0x22, 0x11, Addresses4) },
        { "another family", Version2(0x21, 0x41, Addresses4) },
        { "another transport", Version2(0x21, 0x13, Addresses4) },
        { "too short for its addresses", Version2(0x21, 0x11, Addresses4[..11]) },
        { "too short for addresses of ipv6", Version2(0x21, 0x21, Addresses4) },
        { "half a value's head", Version2(0x21, 0x11, [.. Addresses4, 2, 0]) },
        { "a value longer than the header", Version2(0x21, 0x11, [.. Addresses4, 2, 0, 5, 97]) },
        { "a checksum of another length", Version2(0x21, 0x11, [.. Addresses4, .. Value(0x03, new byte[3])]) },
        { "tls too short", Version2(0x21, 0x11, [.. Addresses4, .. Value(0x20, new byte[4])]) },
        { "a value within tls that is too long", Version2(0x21, 0x11, [.. Addresses4, .. Value(0x20, [1, 0, 0, 0, 0, 0x21, 0, 9])]) },
        { "above the bound", Version2(0x21, 0x11, [.. Addresses4, .. Value(0x04, new byte[ProxyHeaderReader.MaxBytes])]) },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public void A_header_of_version_2_that_breaks_a_rule_is_malformed(string what, byte[] bytes)
    {
        Assert.NotEmpty(what);
        Refused(bytes, Recognition.Malformed);
    }

    [Theory]
    [InlineData("a\nb")]
    [InlineData("")]
    [InlineData("a\u007f")]
    public void An_identity_with_a_control_byte_is_none(string identity)
    {
        var bytes = Version2(0x21, 0x11, [.. Addresses4, .. Value(0xD0, identity)]);
        Assert.Null(Read(bytes, bytes.Length).Identity);
    }

    internal static byte[] Version2(byte command, byte family, byte[] rest) =>
        [.. Bytes("\r\n\r\n\0\r\nQUIT\n"), command, family, (byte)(rest.Length >> 8), (byte)rest.Length, .. rest];

    private static byte[] Value(byte type, string text) => Value(type, Encoding.UTF8.GetBytes(text));

    private static byte[] Value(byte type, byte[] bytes) => [type, .. Hellos.Vector16(bytes)];

    private static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);

    // Bit by bit, as the polynomial says (RFC 3720 appendix B.4).
    private static uint Crc32C(byte[] bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x82F63B78 : crc >> 1;
            }
        }

        return ~crc;
    }

    private static ProxyHeader Read(byte[] bytes, int length)
    {
        Assert.Equal(Recognition.Yes, ProxyHeaderReader.TryRead(bytes, out var header, out var consumed));
        Assert.Equal(length, consumed);
        return header!;
    }

    private static void NeedsMoreUntil(byte[] bytes)
    {
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.Equal(Recognition.NeedMore, ProxyHeaderReader.TryRead(bytes.AsSpan(0, length), out _, out var consumed));
            Assert.Equal(0, consumed);
        }
    }

    private static void Refused(byte[] bytes, Recognition answer)
    {
        var isRefused = false;
        for (var length = 0; length <= bytes.Length; length++)
        {
            var now = ProxyHeaderReader.TryRead(bytes.AsSpan(0, length), out var header, out var consumed);
            Assert.Null(header);
            Assert.Equal(0, consumed);
            Assert.Equal(isRefused || now != Recognition.NeedMore ? answer : Recognition.NeedMore, now);
            isRefused = now == answer;
        }

        Assert.True(isRefused);
    }
}
