using System.Net;
using System.Net.Http;
using System.Net.WebSockets;
using System.Text;
using Pillion.EndToEnd.Support;
using Xunit;

namespace Pillion.EndToEnd.Http2;

/// <summary>HTTP/1.1 and HTTP/2 on either side, in all four pairs: the same message comes through. The client is .NET's, the application is Kestrel.</summary>
public sealed class VersionTests(Http2Neighbourhood here) : IClassFixture<Http2Neighbourhood>
{
    private const long Bound = 64 * 1024 * 1024;

    /// <summary>The version of the client and that of the application.</summary>
    public static TheoryData<int, int> Pairs => new() { { 1, 1 }, { 1, 2 }, { 2, 1 }, { 2, 2 } };

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task A_request_is_the_same_on_the_other_side(int client, int app)
    {
        using var http = Client(client, app);
        using var request = Request(client, HttpMethod.Get, "/head/a%20b?q=1&r=%2F");
        request.Headers.Add("X-Twice", ["one", "two"]);
        request.Headers.Host = "orders.example:8080";
        using var response = await http.SendAsync(request);
        var lines = (await response.Content.ReadAsStringAsync()).Split('\n');
        Assert.Equal(new Version(client, client == 1 ? 1 : 0), response.Version);
        Assert.Equal($"HTTP/{(app == 1 ? "1.1" : "2")} GET http orders.example:8080 /head/a%20b?q=1&r=%2F", lines[0]);
        Assert.Equal(["one", "two"], lines.Where(static line => line.StartsWith("x-twice: ", StringComparison.Ordinal)).SelectMany(static line => line[9..].Split(", ")));
        Assert.DoesNotContain(lines, static line => line.StartsWith("connection:", StringComparison.Ordinal) || line.StartsWith("transfer-encoding:", StringComparison.Ordinal));
        Assert.Contains(lines, static line => line.StartsWith("x-request-id: ", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task Bodies_go_both_ways_with_and_without_a_length(int client, int app)
    {
        using var http = Client(client, app);
        var bytes = new byte[1_000_000];
        new Random(3).NextBytes(bytes);
        foreach (var chunked in new[] { false, true })
        {
            using var request = Request(client, HttpMethod.Post, "/echo");
            request.Content = new ByteArrayContent(bytes);
            if (chunked)
            {
                request.Content.Headers.ContentLength = null;
                request.Headers.TransferEncodingChunked = client == 1 ? true : null;
            }

            using var response = await http.SendAsync(request);
            Assert.Equal(bytes, await response.Content.ReadAsByteArrayAsync());
        }
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task Trailers_go_through(int client, int app)
    {
        // Kestrel sends none in HTTP/1.1; the application of raw bytes does.
        here.Raw.Handler = static async request =>
        {
            if (request.Path != "/trailers")
            {
                return false;
            }

            var count = await request.DiscardBodyAsync();
            await request.Connection.SendAsync($"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x-count\r\n\r\n7\r\n{count} bytes\r\n0\r\nx-count: {count}\r\n\r\n");
            return true;
        };
        using var http = Client(client, app);
        using var request = Request(client, HttpMethod.Post, app == 1 ? $"http://127.0.0.1:{here.ToRaw}/trailers" : "/trailers");
        request.Content = new StringContent("four");
        request.Headers.TE.Add(new("trailers"));
        using var response = await http.SendAsync(request);
        Assert.StartsWith("4 bytes", await response.Content.ReadAsStringAsync());
        Assert.Equal("4", Assert.Single(response.TrailingHeaders.GetValues("x-count")));
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task HEAD_and_statuses_without_a_body_carry_none(int client, int app)
    {
        using var http = Client(client, app);
        using var head = await http.SendAsync(Request(client, HttpMethod.Head, "/bytes/1000"));
        Assert.Equal((1000L, ""), (head.Content.Headers.ContentLength, await head.Content.ReadAsStringAsync()));
        foreach (var status in new[] { 204, 304 })
        {
            using var response = await http.GetAsync($"/status/{status}");
            Assert.Equal((status, ""), ((int)response.StatusCode, await response.Content.ReadAsStringAsync()));
        }

        Assert.Equal("status 404", await (await http.GetAsync("/status/404")).Content.ReadAsStringAsync());
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task Cookies_arrive_as_one_field_and_come_back_as_several(int client, int app)
    {
        using var http = Client(client, app);
        using var request = Request(client, HttpMethod.Get, "/cookies");
        request.Headers.Add("Cookie", "one=1; two=2; three=3");
        using var response = await http.SendAsync(request);
        Assert.Equal("one=1; two=2; three=3", await response.Content.ReadAsStringAsync());
        Assert.Equal(["a=1", "b=2"], response.Headers.GetValues("Set-Cookie"));
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task Forty_megabytes_go_up_and_down_in_bounded_memory(int client, int app)
    {
        const int Size = 40_000_000;
        using var watch = new MemoryWatch(here.Sidecar.Process);
        using var http = Client(client, app);
        using var up = await http.PostAsync("/count", new ByteArrayContent(new byte[Size]));
        Assert.Equal($"{Size}", await up.Content.ReadAsStringAsync());
        using var down = await http.GetAsync($"/bytes/{Size}", HttpCompletionOption.ResponseHeadersRead);
        await using var body = await down.Content.ReadAsStreamAsync();
        var buffer = new byte[128 * 1024];
        var total = 0L;
        while (await body.ReadAsync(buffer) is var read and > 0)
        {
            total += read;
        }

        Assert.Equal(Size, total);
        Assert.InRange(watch.Highest, 1, Bound);
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task A_reader_that_stops_stops_the_application_and_nobody_else(int client, int app)
    {
        const long Size = 400_000_000;
        using var watch = new MemoryWatch(here.Sidecar.Process);
        using var http = Client(client, app);
        var (before, aborted) = (here.App.Sent, here.App.Aborted);
        using (var response = await http.GetAsync($"/bytes/{Size}", HttpCompletionOption.ResponseHeadersRead))
        {
            await using var body = await response.Content.ReadAsStreamAsync();
            var last = -1L;
            await Eventually.IsTrue(
                async () =>
                {
                    var stands = here.App.Sent == last;
                    last = here.App.Sent;
                    await Task.Delay(200);
                    return stands && here.App.Sent == last;
                },
                "the application to stand still");
            Assert.InRange(here.App.Sent - before, 1, 100_000_000);

            // The other streams of the same connections flow.
            Assert.EndsWith("GET /meanwhile", await http.GetStringAsync("/meanwhile"));
            Assert.InRange(watch.Highest, 1, Bound);
        }

        // The client has left: so does the request upstream.
        await Eventually.IsTrue(() => here.App.Aborted > aborted, "the application to see its client gone");
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task A_client_that_leaves_ends_the_request_upstream(int client, int app)
    {
        using var http = Client(client, app);
        var before = here.App.Aborted;
        using var cancel = new CancellationTokenSource();
        var request = http.GetAsync("/never", cancel.Token);
        var seen = here.App.Seen.Count;
        await Task.Delay(300);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
        await Eventually.IsTrue(() => here.App.Aborted > before, "the application to see its client gone");
        Assert.EndsWith("GET /after", await http.GetStringAsync("/after"));
        Assert.InRange(here.App.Seen.Count, seen, seen + 2);
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task An_answer_cut_off_upstream_is_no_whole_answer_downstream(int client, int app)
    {
        using var http = Client(client, app);
        await Assert.ThrowsAnyAsync<HttpRequestException>(async () =>
        {
            // Kestrel's abort takes what is unsent along in HTTP/1.1, and there would be no answer to cut off.
            using var response = await http.GetAsync(app == 1 ? $"http://127.0.0.1:{here.ToRaw}/half" : "/reset");
            await response.Content.ReadAsStringAsync();
        });
        Assert.EndsWith("GET /after", await http.GetStringAsync("/after"));
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task WebSocket_echoes(int client, int app)
    {
        using var handler = new SocketsHttpHandler { UseProxy = false };
        using var invoker = new HttpMessageInvoker(handler);
        using var socket = new ClientWebSocket();
        socket.Options.HttpVersion = client == 1 ? HttpVersion.Version11 : HttpVersion.Version20;
        socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        await socket.ConnectAsync(new Uri($"ws://127.0.0.1:{Port(app)}/ws"), invoker, CancellationToken.None).WaitAsync(Eventually.Limit);
        var buffer = new byte[300_000];
        foreach (var message in new[] { "over the wire", "", new string('ü', 100_000) })
        {
            await socket.SendAsync(Encoding.UTF8.GetBytes(message), WebSocketMessageType.Text, true, CancellationToken.None);
            var length = 0;
            ValueWebSocketReceiveResult received;
            do
            {
                received = await socket.ReceiveAsync(buffer.AsMemory(length), CancellationToken.None).AsTask().WaitAsync(Eventually.Limit);
                length += received.Count;
            }
            while (!received.EndOfMessage);
            Assert.Equal(message, Encoding.UTF8.GetString(buffer, 0, length));
        }

        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "", CancellationToken.None).WaitAsync(Eventually.Limit);
        Assert.Equal(WebSocketState.Closed, socket.State);
    }

    [Fact]
    public async Task Hundreds_of_requests_at_once_share_few_connections()
    {
        using var http = Client(2, 2);
        var answers = await Task.WhenAll(Enumerable.Range(0, 500).Select(i => http.GetStringAsync($"/{i}")));
        Assert.Equal(Enumerable.Range(0, 500).Select(static i => $"HTTP/2 GET /{i}"), answers);
    }

    // A message made by hand does not take its client's version.
    private static HttpRequestMessage Request(int version, HttpMethod method, string target) =>
        new(method, target) { Version = version == 1 ? HttpVersion.Version11 : HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };

    private int Port(int app) => app == 1 ? here.ToHttp1 : here.ToHttp2;

    private HttpClient Client(int version, int app) => new(new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false })
    {
        BaseAddress = new Uri($"http://127.0.0.1:{Port(app)}"),
        Timeout = Eventually.Limit,
        DefaultRequestVersion = version == 1 ? HttpVersion.Version11 : HttpVersion.Version20,
        DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };
}
