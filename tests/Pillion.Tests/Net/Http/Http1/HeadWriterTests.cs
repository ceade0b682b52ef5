using CsCheck;
using Pillion.Net.Http;
using Pillion.Net.Http.Http1;
using Xunit;
using HttpMethod = Pillion.Net.Http.HttpMethod;

namespace Pillion.Tests.Net.Http.Http1;

public sealed class HeadWriterTests
{
    [Theory]
    [InlineData("GET /a/../b?c HTTP/1.0\r\n\r\n", "GET /b?c HTTP/1.1\r\nHost: \r\n\r\n")]
    [InlineData("GET http://b/x HTTP/1.1\r\nX: 1\r\nhost: a\r\nY: 2\r\n\r\n", "GET /x HTTP/1.1\r\nX: 1\r\nhost: b\r\nY: 2\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\ncontent-length: 007\r\nX: 1\r\n\r\n", "POST / HTTP/1.1\r\nHost: a\r\ncontent-length: 7\r\nX: 1\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: CHUNKED\r\nX: 1\r\n\r\n", "POST / HTTP/1.1\r\nHost: a\r\nX: 1\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData("CONNECT b:1 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", "CONNECT b:1 HTTP/1.1\r\nHost: b:1\r\n\r\n")]
    [InlineData("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\n\r\n")]
    public void A_request_is_written_as_it_will_be_sent_on(string raw, string expected)
    {
        var head = ParseRequest(raw);
        HopByHop.Remove(head);
        Assert.Equal(expected, WriteRequest(head, close: false));
    }

    [Theory]
    [InlineData("A:1\r\nB: 2\r\nC:  3\r\nD: 4 \r\n", "A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n")]
    [InlineData("A: 1\r\nKeep-Alive: 1\r\nB: 2\r\nHost: a\r\nC: \r\n", "A: 1\r\nB: 2\r\nHost: a\r\nC: \r\n")]
    [InlineData("A: 1\nB: 2\r\nC : 3\r\nD :4\r\nE: 5\r\n  6\r\nF: 7\r\n", "A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\nE: 5 6\r\nF: 7\r\n")]
    public void Lines_are_written_in_one_form_however_they_came(string fields, string expected)
    {
        var rules = HttpRules.Default with { RejectBareLineFeed = false, RejectFolding = false, RejectSpaceBeforeColon = false, RequireOneHost = false };
        var head = new RequestHead();
        var scanner = default(HeadScanner);
        Assert.Equal(ParseStatus.Done, RequestParser.Parse(AnySplit.Bytes($"GET / HTTP/1.1\r\n{fields}\r\n"), ref scanner, rules, head, out _, out _));
        HopByHop.Remove(head);
        var written = WriteRequest(head, close: false);
        Assert.Equal(expected, written[(written.IndexOf('\n') + 1)..^2].Replace("Host: \r\n", ""));
    }

    [Fact]
    public void What_is_changed_between_is_written_as_it_is_now()
    {
        var head = ParseRequest("GET / HTTP/1.1\r\nHost: a\r\nB: 22\r\nC: 33\r\nD: 44\r\nE: 55\r\n\r\n");
        head.Fields.Replace(1, "23"u8);
        head.Fields.Replace(2, "3"u8);
        head.Fields.Replace(3, "444"u8);
        head.Fields.Add("F"u8, "66"u8);
        head.Fields.RemoveAt(4);
        head.Fields.Add("G"u8, "77"u8);
        Assert.Equal("GET / HTTP/1.1\r\nHost: a\r\nB: 23\r\nC: 3\r\nD: 444\r\nF: 66\r\nG: 77\r\n\r\n", WriteRequest(head, close: false));
    }

    [Fact]
    public void A_request_can_announce_the_close() =>
        Assert.Equal("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", WriteRequest(ParseRequest("GET / HTTP/1.1\r\nHost: a\r\nConnection: x\r\n\r\n"), close: true));

    [Theory]
    [InlineData("HTTP/1.1 200 Fine\r\nA: b\r\nContent-Length: 5\r\nC: d\r\n\r\n", HttpMethodName.Get, 11, false, "HTTP/1.1 200 Fine\r\nA: b\r\nContent-Length: 5\r\nC: d\r\n\r\n")]
    [InlineData("HTTP/1.1 200\r\nContent-Length: 5\r\n\r\n", HttpMethodName.Get, 11, true, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n")]
    [InlineData("HTTP/1.1 799\r\nContent-Length: 5\r\n\r\n", HttpMethodName.Get, 10, false, "HTTP/1.1 799 \r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", HttpMethodName.Get, 11, false, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", HttpMethodName.Get, 10, false, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")]
    [InlineData("HTTP/1.0 200 OK\r\nA: b\r\n\r\n", HttpMethodName.Get, 11, false, "HTTP/1.1 200 OK\r\nA: b\r\nConnection: close\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\ncontent-Length: 5\r\n\r\n", HttpMethodName.Head, 11, false, "HTTP/1.1 200 OK\r\ncontent-Length: 5\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", HttpMethodName.Head, 11, false, "HTTP/1.1 200 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", HttpMethodName.Get, 11, false, "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n")]
    [InlineData("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", HttpMethodName.Get, 11, false, "HTTP/1.1 204 No Content\r\n\r\n")]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\n", HttpMethodName.Get, 11, true, "HTTP/1.1 100 Continue\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", HttpMethodName.Connect, 11, false, "HTTP/1.1 200 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", HttpMethodName.Get, 11, true, "HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n")]
    public void A_response_is_written_as_its_peer_can_read_it(string raw, string method, byte peerVersion, bool close, string expected)
    {
        var head = ParseResponse(raw, Enum.Parse<HttpMethod>(method));
        HopByHop.Remove(head);
        Assert.Equal(expected, WriteResponse(head, peerVersion, close));
    }

    [Fact]
    public void A_destination_that_is_too_small_is_refused_at_every_size_below_the_right_one()
    {
        var request = ParseRequest("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\nX: 1\r\nTE: trailers\r\n\r\n");
        var response = ParseResponse("HTTP/1.1 200 OK\r\nA: b\r\n\r\n", HttpMethod.Get);
        var requestLength = WriteRequest(request, close: true).Length;
        var responseLength = WriteResponse(response, 11, close: true).Length;
        for (var size = 0; size < requestLength; size++)
        {
            Assert.False(HeadWriter.TryWriteRequest(new byte[size], request, close: true, out _));
        }

        for (var size = 0; size < responseLength; size++)
        {
            Assert.False(HeadWriter.TryWriteResponse(new byte[size], response, 11, close: true, out _));
        }
    }

    [Fact]
    public void What_is_written_is_read_back_the_same()
    {
        var name = Among("Accept", "x-a", "X-Request-Id", "cookie", "Z_z", "Trailer", "a!#$%&'*+-.^`|~");
        var value = Gen.String[Gen.Char['!', '~'], 0, 30].Select(v => v.Trim());
        var path = Among("/", "/a/b", "/a?b=c", "/%2F", "//x", "/a/..b");
        var framing = Among("", "Content-Length: 0\r\n", "Content-Length: 12345678901\r\n", "Transfer-Encoding: chunked\r\n");
        Gen.Select(path, Gen.Select(name, value).List[0, 20], framing).Sample(
            (p, fields, f) =>
            {
                var lines = string.Concat(fields.Select(x => $"{x.Item1}: {x.Item2}\r\n"));
                var raw = $"POST {p} HTTP/1.1\r\nHost: a\r\n{lines}{f}\r\n";
                Assert.Equal(raw, WriteRequest(ParseRequest(raw), close: false));
                var response = $"HTTP/1.1 200 OK\r\n{lines}{f}\r\n";
                var head = ParseResponse(response, HttpMethod.Get);
                Assert.Equal(f.Length == 0 ? response[..^2] + "Connection: close\r\n\r\n" : response, WriteResponse(head, 11, close: false));
            },
            seed: "0000000000001",
            iter: 2000,
            threads: 1);
    }

    [Theory]
    [InlineData(1, "1\r\n")]
    [InlineData(0xabc, "abc\r\n")]
    [InlineData(long.MaxValue, "7fffffffffffffff\r\n")]
    public void A_chunk_size_is_written(long size, string expected)
    {
        Span<byte> room = stackalloc byte[ChunkWriter.MaxSizeLine];
        Assert.Equal(expected, AnySplit.Text(room[^ChunkWriter.WriteSizeBefore(room, size)..]));
        Assert.Equal(expected, AnySplit.Text(room[..ChunkWriter.WriteSize(room, size)]));
    }

    [Fact]
    public void Trailers_are_written_behind_the_last_chunk()
    {
        var trailers = new FieldList();
        trailers.Add(KnownField.GrpcStatus, "0"u8);
        trailers.Add("gone"u8, "x"u8);
        trailers.Add("A"u8, "b"u8);
        trailers.RemoveAt(1);
        var buffer = new byte[100];
        Assert.True(ChunkWriter.TryWriteEnd(buffer, trailers, out var written));
        Assert.Equal("0\r\ngrpc-status: 0\r\nA: b\r\n\r\n", AnySplit.Text(buffer.AsSpan(0, written)));
        Assert.False(ChunkWriter.TryWriteEnd(new byte[written - 1], trailers, out _));
        Assert.Equal("'' [grpc-status: 0] [A: b] end=27", AnySplit.Chunked(buffer[..written]));
    }

    [Fact]
    public void Any_data_survives_being_chunked()
    {
        Gen.Byte.Array[1, 300].List[0, 10].Sample(
            chunks =>
            {
                var raw = new List<byte>();
                var room = new byte[ChunkWriter.MaxSizeLine];
                foreach (var chunk in chunks)
                {
                    raw.AddRange(room[^ChunkWriter.WriteSizeBefore(room, chunk.Length)..]);
                    raw.AddRange(chunk);
                    raw.AddRange(ChunkWriter.DataEnd.ToArray());
                }

                raw.AddRange(ChunkWriter.End.ToArray());
                Assert.Equal($"'{AnySplit.Text(chunks.SelectMany(c => c).ToArray())}' end={raw.Count}", AnySplit.ChunkedOnce(raw.Chunk(37), HttpRules.Default));
            },
            seed: "0000000000001",
            iter: 300,
            threads: 1);
    }

    private static RequestHead ParseRequest(string raw)
    {
        var head = new RequestHead();
        var scanner = default(HeadScanner);
        Assert.Equal(ParseStatus.Done, RequestParser.Parse(AnySplit.Bytes(raw), ref scanner, HttpRules.Default, head, out _, out _));
        return head;
    }

    private static ResponseHead ParseResponse(string raw, HttpMethod method)
    {
        var head = new ResponseHead();
        var scanner = default(HeadScanner);
        Assert.Equal(ParseStatus.Done, ResponseParser.Parse(AnySplit.Bytes(raw), ref scanner, HttpRules.Default, method, head, out _, out _));
        return head;
    }

    private static string WriteRequest(RequestHead head, bool close)
    {
        var buffer = new byte[HeadWriter.Measure(head)];
        Assert.True(HeadWriter.TryWriteRequest(buffer, head, close, out var written));
        return AnySplit.Text(buffer.AsSpan(0, written));
    }

    private static string WriteResponse(ResponseHead head, byte peerVersion, bool close)
    {
        var buffer = new byte[HeadWriter.Measure(head)];
        Assert.True(HeadWriter.TryWriteResponse(buffer, head, peerVersion, close, out var written));
        return AnySplit.Text(buffer.AsSpan(0, written));
    }

    private static class HttpMethodName
    {
        public const string Get = nameof(HttpMethod.Get);
        public const string Head = nameof(HttpMethod.Head);
        public const string Connect = nameof(HttpMethod.Connect);
    }

    private static Gen<string> Among(params string[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);
}
