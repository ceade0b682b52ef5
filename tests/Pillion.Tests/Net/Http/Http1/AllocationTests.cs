using Pillion.Net.Http;
using Pillion.Net.Http.Http1;
using Xunit;
using HttpMethod = Pillion.Net.Http.HttpMethod;

namespace Pillion.Tests.Net.Http.Http1;

public sealed class AllocationTests
{
    private const int Messages = 10_000;

    private readonly RequestHead _request = new();
    private readonly ResponseHead _response = new();
    private readonly FieldList _trailers = new();
    private readonly byte[] _buffer = new byte[4096];

    [Fact]
    public void Reading_and_writing_messages_allocates_nothing()
    {
        var requests = new[]
        {
            "GET /a/../b?c HTTP/1.1\r\nHost: a.example:8080\r\nUser-Agent: x\r\nuser_id: 1\r\nConnection: keep-alive, x-hop\r\nX-Hop: 1\r\nCookie: y\r\n\r\n",
            "POST http://b?q HTTP/1.1\r\nHost: [::1]\r\nTransfer-Encoding: chunked\r\n\r\n",
            $"GET /{new string('a', 600)}/./b HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.1\r\nbad\r\n\r\n",
        }.Select(AnySplit.Bytes).ToArray();
        var response = AnySplit.Bytes("HTTP/1.1 200 OK\r\nServer: x\r\nTransfer-Encoding: chunked\r\n\r\n");
        var body = AnySplit.Bytes("5;a=b\r\nhello\r\n6\r\n world\r\n0\r\ngrpc-status: 0\r\n\r\n");
        Run(requests, response, body, 100);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Run(requests, response, body, Messages);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private void Run(byte[][] requests, byte[] response, byte[] body, int rounds)
    {
        for (var round = 0; round < rounds; round++)
        {
            foreach (var raw in requests)
            {
                var scanner = default(HeadScanner);
                RequestParser.Parse(raw.AsSpan(0, raw.Length / 2), ref scanner, HttpRules.Default, _request, out _, out _);
                if (RequestParser.Parse(raw, ref scanner, HttpRules.Default, _request, out _, out _) == ParseStatus.Done)
                {
                    HopByHop.Remove(_request);
                    _request.Fields.Set(KnownField.XRequestId, "0123"u8);
                    HeadWriter.TryWriteRequest(_buffer, _request, close: false, out _);
                }
            }

            var responseScanner = default(HeadScanner);
            ResponseParser.Parse(response, ref responseScanner, HttpRules.Default, HttpMethod.Get, _response, out _, out _);
            HopByHop.Remove(_response);
            HeadWriter.TryWriteResponse(_buffer, _response, 11, close: false, out _);

            _trailers.Clear();
            var decoder = default(ChunkedDecoder);
            for (var rest = body.AsSpan(); !decoder.IsDone;)
            {
                decoder.Decode(rest, HttpRules.Default, _trailers, out var consumed, out _, out _, out _);
                rest = rest[consumed..];
            }

            ChunkWriter.TryWriteEnd(_buffer, _trailers, out _);
        }
    }
}
