using Pillion.Net.Http;
using Pillion.Net.Http.Http1;
using Xunit;
using HttpMethod = Pillion.Net.Http.HttpMethod;

namespace Pillion.Tests.Net.Http.Http1;

/// <summary>
/// Mutations of good and bad messages from fixed seeds. Nothing throws, hangs or reads outside; whole and split agree; and what is accepted and sent on is
/// read by the strictest reader as the same message, which is what no smuggled request survives.
/// </summary>
public sealed class FuzzTests
{
    private const int RoundsPerSeed = 15_000;

    private static readonly string[] Requests =
    [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET http://b:80/a/%2e%2E/./c?d=%00 HTTP/1.1\r\nHost: a\r\nAccept: */*\r\nConnection: close, x-hop\r\nX-Hop: 1\r\n\r\n",
        "POST /a//b HTTP/1.1\r\nHost: [::1]:8\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n0123456789",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTE: trailers\r\nConnection: TE\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\nContent-Length: 3, 3\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\nX_Forwarded_For: 1\r\nFolded: a\r\n b\r\n\r\n",
        "CONNECT a.b:443 HTTP/1.1\r\nHost: a.b:443\r\nProxy-Authorization: Basic eDp5\r\n\r\n",
        "GET /ws HTTP/1.0\r\nHost : a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n",
        "\r\n\nGET /../\\ HTTP/1.2\nHost: a\nHost: b\n\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ];

    private static readonly string[] Responses =
    [
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nDate: x\r\n\r\nhi",
        "HTTP/1.0 404 Not Found\r\nConnection: keep-alive\r\n\r\n",
        "HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\nTrailer: a\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\nETag: \"a\"\r\n\r\n",
        "HTTP/1.1 204 \r\nContent-Length: 2\r\nContent-Length: 2\r\nA:\r\n\tb\r\n\r\n",
    ];

    private static readonly string[] Bodies =
    [
        "5\r\nhello\r\n0\r\n\r\n",
        "A;a=\"b\\\"\";c\r\n0123456789\r\n00;x\r\nA: b\r\nContent-Length: 1\r\n\r\nGET",
        "1\nx\n1\r\ny\r\n0\r\nA: b\r\n c\r\n\td\r\nE:\r\n\r\n",
        "7fffffffffffffff\r\nabc",
    ];

    private static readonly string[] Pieces =
        ["\r", "\n", "\r\n", "\r\n\r\n", " ", "\t", "\0", ":", ",", ";", "/", "..", "%2e", "%00", "\\", "#", "0", "f", "\"", "\u00ff", "\u007f",
            "Content-Length: 1\r\n", "Transfer-Encoding: chunked\r\n", "Host: c\r\n", "Connection: host\r\n", "HTTP/1.0", "\r\n "];

    private static readonly HttpRules[] Rules =
    [
        HttpRules.Default,
        HttpRules.Default with
        {
            RejectLengthAndChunked = false, RejectRepeatedLength = false, RejectChunkedHttp10 = false, RejectBareLineFeed = false, RejectFolding = false,
            RejectSpaceBeforeColon = false, RejectControlBytes = false, RequireOneHost = false, RejectEncodedNul = false, NormalizeDotSegments = false,
            RejectAliasedUnderscores = false,
        },
        HttpRules.Default with { RejectFolding = false, RejectBareLineFeed = false, RejectSpaceBeforeColon = false },
        HttpRules.Default with { MaxHeadBytes = 90, MaxFields = 3, MaxTargetBytes = 20, AcceptHttp10 = false },
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Any_bytes_are_read_alike_however_they_are_split(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < RoundsPerSeed; round++)
        {
            var rules = Rules[random.Next(Rules.Length)];
            Check(random, Mutate(random, Requests), pieces => AnySplit.RequestOnce(pieces, rules));
            Check(random, Mutate(random, Bodies), pieces => AnySplit.ChunkedOnce(pieces, rules));
            var method = (HttpMethod)random.Next(10);
            Check(random, Mutate(random, Responses), pieces => AnySplit.ResponseOnce(pieces, method, rules));
        }
    }

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    public void What_is_accepted_and_sent_on_is_read_as_the_same_message_by_the_strictest_reader(int seed)
    {
        var random = new Random(seed);
        var accepted = 0;
        for (var round = 0; round < RoundsPerSeed; round++)
        {
            var rules = Rules[random.Next(Rules.Length)];
            accepted += RequestSurvives(Mutate(random, Requests), rules) ? 1 : 0;
            accepted += ResponseSurvives(Mutate(random, Responses), rules) ? 1 : 0;
        }

        // The mutations are mild enough that the check is not empty.
        Assert.InRange(accepted, RoundsPerSeed / 4, 2 * RoundsPerSeed);
    }

    private static bool RequestSurvives(byte[] raw, HttpRules rules)
    {
        var head = new RequestHead();
        var scanner = default(HeadScanner);
        if (Parse(raw, rules, head, ref scanner) != ParseStatus.Done)
        {
            return false;
        }

        HopByHop.Remove(head);
        var buffer = new byte[HeadWriter.Measure(head)];
        Assert.True(HeadWriter.TryWriteRequest(buffer, head, close: false, out var written));
        var again = new RequestHead();
        Assert.Equal(ParseStatus.Done, RequestParser.Parse(buffer.AsSpan(0, written), ref scanner, Strictest(rules), again, out var consumed, out _));
        Assert.Equal(written, consumed);
        Assert.Equal(AnySplit.Text(head.MethodName), AnySplit.Text(again.MethodName));
        Assert.Equal(AnySplit.Text(head.Target), AnySplit.Text(again.Target));
        Assert.Equal(AnySplit.Text(head.Authority), AnySplit.Text(again.Authority));
        Assert.Equal((head.Body, head.ContentLength, head.WantsUpgrade), (again.Body, again.ContentLength, again.WantsUpgrade));
        return true;
    }

    private static bool ResponseSurvives(byte[] raw, HttpRules rules)
    {
        var head = new ResponseHead();
        var scanner = default(HeadScanner);
        if (ResponseParser.Parse(raw, ref scanner, rules, HttpMethod.Get, head, out _, out _) != ParseStatus.Done)
        {
            return false;
        }

        HopByHop.Remove(head);
        var buffer = new byte[HeadWriter.Measure(head)];
        Assert.True(HeadWriter.TryWriteResponse(buffer, head, 11, close: false, out var written));
        var again = new ResponseHead();
        Assert.Equal(
            ParseStatus.Done,
            ResponseParser.Parse(buffer.AsSpan(0, written), ref scanner, Strictest(rules), HttpMethod.Get, again, out var consumed, out _));
        Assert.Equal(written, consumed);
        Assert.Equal((head.Status, head.Body, head.ContentLength), (again.Status, again.Body, again.ContentLength));
        return true;
    }

    private static ParseStatus Parse(byte[] raw, HttpRules rules, RequestHead head, ref HeadScanner scanner)
    {
        var rest = raw.AsSpan();
        while (true)
        {
            var status = RequestParser.Parse(rest, ref scanner, rules, head, out var consumed, out _);
            if (status != ParseStatus.NeedMore || consumed == 0)
            {
                return status;
            }

            rest = rest[consumed..];
        }
    }

    // Strict in all that frames a message; as lenient as before about what is only passed on.
    private static HttpRules Strictest(HttpRules rules) => HttpRules.Default with
    {
        RejectControlBytes = rules.RejectControlBytes,
        RejectEncodedNul = rules.RejectEncodedNul,
        NormalizeDotSegments = rules.NormalizeDotSegments,
        RejectAliasedUnderscores = rules.RejectAliasedUnderscores,
    };

    private static void Check(Random random, byte[] raw, Func<IEnumerable<byte[]>, string> run)
    {
        var whole = run([raw]);
        var at = random.Next(raw.Length + 1);
        Assert.Equal(whole, run([raw[..at], raw[at..]]));
        Assert.Equal(whole, run(raw.Chunk(random.Next(1, 9))));
    }

    private static byte[] Mutate(Random random, string[] corpus)
    {
        var text = corpus[random.Next(corpus.Length)];
        for (var mutations = random.Next(4); mutations > 0; mutations--)
        {
            var at = random.Next(text.Length + 1);
            var end = Math.Min(text.Length, at + random.Next(6));
            text = random.Next(6) switch
            {
                0 => text.Insert(at, Pieces[random.Next(Pieces.Length)]),
                1 => text[..at] + Pieces[random.Next(Pieces.Length)] + text[end..],
                2 => text[..at] + text[end..],
                3 => text[..end] + text[at..],
                4 => text[..at] + (char)random.Next(256) + text[end..],
                _ => text[..at] + corpus[random.Next(corpus.Length)] is var joined && random.Next(2) == 0 ? joined : text,
            };
        }

        return AnySplit.Bytes(text);
    }
}
