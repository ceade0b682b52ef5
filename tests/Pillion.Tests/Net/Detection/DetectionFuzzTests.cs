using System.Text;
using Pillion.Net.Detection;
using Xunit;

namespace Pillion.Tests.Net.Detection;

/// <summary>Mutations of good and bad first bytes from fixed seeds: nothing throws or reads outside, and an answer, once given, holds whatever follows.</summary>
public sealed class DetectionFuzzTests
{
    private const int Rounds = 20_000;

    private static readonly byte[][] Corpus =
    [
        Hellos.FromClient("orders.example", default, "h2", "http/1.1"),
        Hellos.Record([.. Hellos.NameExtension("a.example"), .. Hellos.AlpnExtension("h2"), .. Hellos.VersionsExtension(0x0304)]),
        Hellos.Split(Hellos.Message([.. Hellos.NameExtension("a.example"), .. Hellos.AlpnExtension("h2")]), 7),
        "PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\nGET / HTTP/1.1\r\n"u8.ToArray(),
        "PROXY TCP6 2001:db8::1 ::1 1 2\r\n"u8.ToArray(),
        "PROXY UNKNOWN x\r\n"u8.ToArray(),
        ProxyHeaderReaderTests.Version2(0x21, 0x11, [10, 0, 0, 1, 10, 0, 0, 2, 1, 2, 3, 4, 2, 0, 1, 97, 0xD0, 0, 2, 98, 99, 0x20, 0, 9, 1, 0, 0, 0, 0, 0x21, 0, 1, 84]),
        ProxyHeaderReaderTests.Version2(0x21, 0x21, [.. new byte[36], 3, 0, 4, 1, 2, 3, 4]),
        ProxyHeaderReaderTests.Version2(0x20, 0x00, []),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray(),
        "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"u8.ToArray(),
        "CONNECT a:443 HTTP/1.1\r\n"u8.ToArray(),
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Any_bytes_are_judged_alike_however_they_are_cut(int seed)
    {
        var random = new Random(seed);
        var recognised = 0;
        for (var round = 0; round < Rounds; round++)
        {
            var bytes = Mutate(random);
            recognised += Holds(random, bytes, HelloOf) ? 1 : 0;
            recognised += Holds(random, bytes, HeaderOf) ? 1 : 0;
            recognised += Holds(random, bytes, KindOf) ? 1 : 0;
        }

        // The mutations are mild enough that the check is not empty.
        Assert.InRange(recognised, Rounds / 2, 3 * Rounds);
    }

    private static (bool IsOpen, bool IsYes, string Text) HelloOf(byte[] bytes, int length)
    {
        var answer = ClientHello.TryRead(bytes.AsSpan(0, length), out var hello);
        Assert.Equal(answer == Recognition.Yes, hello is not null);
        return (answer == Recognition.NeedMore, answer == Recognition.Yes,
            $"{answer} {hello?.ServerName} {string.Join(',', hello?.ApplicationProtocols ?? [])} {hello?.HighestVersion}");
    }

    private static (bool IsOpen, bool IsYes, string Text) HeaderOf(byte[] bytes, int length)
    {
        var answer = ProxyHeaderReader.TryRead(bytes.AsSpan(0, length), out var header, out var consumed);
        Assert.Equal(answer == Recognition.Yes, header is not null);
        Assert.InRange(consumed, answer == Recognition.Yes ? 15 : 0, answer == Recognition.Yes ? length : 0);
        return (answer == Recognition.NeedMore, answer == Recognition.Yes, $"{answer} {header} {consumed}");
    }

    private static (bool IsOpen, bool IsYes, string Text) KindOf(byte[] bytes, int length)
    {
        var kind = ProtocolSniffer.Look(bytes.AsSpan(0, length));
        return (kind == ProtocolKind.NeedMore, kind is not (ProtocolKind.NeedMore or ProtocolKind.Opaque), kind.ToString());
    }

    private static bool Holds(Random random, byte[] bytes, Func<byte[], int, (bool IsOpen, bool IsYes, string Text)> judge)
    {
        var whole = judge(bytes, bytes.Length);
        var length = 0;
        while (length < bytes.Length)
        {
            length = Math.Min(bytes.Length, length + random.Next(1, 40));
            var part = judge(bytes, length);
            if (!part.IsOpen)
            {
                Assert.True(whole == part, Encoding.Latin1.GetString(bytes));
                break;
            }
        }

        return whole.IsYes;
    }

    private static byte[] Mutate(Random random)
    {
        var bytes = Corpus[random.Next(Corpus.Length)];
        for (var mutations = random.Next(4); mutations > 0; mutations--)
        {
            var at = random.Next(bytes.Length + 1);
            var end = Math.Min(bytes.Length, at + random.Next(5));
            bytes = random.Next(5) switch
            {
                0 => [.. bytes[..at], (byte)random.Next(256), .. bytes[end..]],
                1 => [.. bytes[..at], .. bytes[end..]],
                2 => [.. bytes[..end], .. bytes[at..]],
                3 => [.. bytes[..at], .. Corpus[random.Next(Corpus.Length)]],
                _ => [.. bytes, .. bytes],
            };
        }

        return bytes;
    }
}
