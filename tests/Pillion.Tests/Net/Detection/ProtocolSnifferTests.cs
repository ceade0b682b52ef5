using System.Text;
using Pillion.Net.Detection;
using Xunit;

namespace Pillion.Tests.Net.Detection;

public sealed class ProtocolSnifferTests
{
    // Each with the number of bytes that decide it.
    [Theory]
    [InlineData("GET / HTTP/1.1\r\n", nameof(ProtocolKind.Http1), 5)]
    [InlineData("POST /a?b HTTP/1.0\r\n", nameof(ProtocolKind.Http1), 6)]
    [InlineData("VERSION-CONTROL /x HTTP/1.1\r\n", nameof(ProtocolKind.Http1), 17)]
    [InlineData("PRI /x HTTP/1.1\r\n", nameof(ProtocolKind.Http1), 5)]
    [InlineData("OPTIONS * HTTP/1.1\r\n", nameof(ProtocolKind.Http1), 20)]
    [InlineData("OPTIONS * HTTP/1.1\n", nameof(ProtocolKind.Http1), 19)]
    [InlineData("CONNECT a.example:443 HTTP/1.1\r\n", nameof(ProtocolKind.Http1), 32)]
    [InlineData("GET http://a.example/ HTTP/1.1\r\n", nameof(ProtocolKind.Http1), 32)]
    [InlineData("purge /x HTTP/1.1\r\n", nameof(ProtocolKind.Http1), 19)]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", nameof(ProtocolKind.Http2), 14)]
    [InlineData("PRI * HTTP/1.1\r\n", nameof(ProtocolKind.Http1), 16)]
    [InlineData("PRI * HTTP/3.0\r\n", nameof(ProtocolKind.Opaque), 15)]
    [InlineData("\u0016\u0003\u0001", nameof(ProtocolKind.Tls), 2)]
    [InlineData("\u0016\u0002\u0001", nameof(ProtocolKind.Opaque), 2)]
    [InlineData("\u0000\u0000", nameof(ProtocolKind.Opaque), 1)]
    [InlineData("*1\r\n$4\r\nPING\r\n", nameof(ProtocolKind.Opaque), 3)]
    [InlineData("GET key\r\n", nameof(ProtocolKind.Opaque), 8)]
    [InlineData("CONNECT {\"verbose\":false}\r\n", nameof(ProtocolKind.Opaque), 26)]
    [InlineData("REGISTER sip:a.example SIP/2.0\r\n", nameof(ProtocolKind.Opaque), 31)]
    [InlineData("DESCRIBE rtsp://a/b RTSP/1.0\r\n", nameof(ProtocolKind.Opaque), 29)]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n", nameof(ProtocolKind.Opaque), 20)]
    [InlineData("0032git-upload-pack /project\0host=a\0", nameof(ProtocolKind.Opaque), 29)]
    [InlineData("EHLO a.example\r\n", nameof(ProtocolKind.Opaque), 15)]
    [InlineData("AMQP\u0000\u0000\u0009\u0001", nameof(ProtocolKind.Opaque), 5)]
    [InlineData(" GET / HTTP/1.1\r\n", nameof(ProtocolKind.Opaque), 1)]
    [InlineData("GET  HTTP/1.1\r\n", nameof(ProtocolKind.Opaque), 14)]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", nameof(ProtocolKind.Opaque), 33)]
    public void As_few_bytes_as_can_tell_decide(string text, string kind, int decidedBy)
    {
        var bytes = Encoding.Latin1.GetBytes(text);
        for (var length = 0; length <= bytes.Length; length++)
        {
            Assert.Equal(length < decidedBy ? ProtocolKind.NeedMore : Enum.Parse<ProtocolKind>(kind), ProtocolSniffer.Look(bytes.AsSpan(0, length)));
        }
    }

    [Fact]
    public void A_line_without_an_end_is_waited_for_no_longer_than_8_KiB()
    {
        var bytes = Encoding.ASCII.GetBytes("GET http://a/" + new string('a', 10_000));
        Assert.Equal(ProtocolKind.NeedMore, ProtocolSniffer.Look(bytes.AsSpan(0, ProtocolSniffer.MaxLine)));
        Assert.Equal(ProtocolKind.Opaque, ProtocolSniffer.Look(bytes.AsSpan(0, ProtocolSniffer.MaxLine + 4)));
        Assert.Equal(ProtocolKind.Opaque, ProtocolSniffer.Look(bytes));
    }
}
