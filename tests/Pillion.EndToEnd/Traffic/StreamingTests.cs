using System.Net.Http;
using Pillion.EndToEnd.Support;
using Xunit;

namespace Pillion.EndToEnd.Traffic;

/// <summary>Bodies of any size in bounded memory.</summary>
public sealed class StreamingTests(Neighbourhood here) : IClassFixture<Neighbourhood>
{
    private const long Size = 100_000_000;
    private const long Bound = 64 * 1024 * 1024;

    private string Url => $"http://127.0.0.1:{here.Inbound}";

    [Theory]
    [InlineData("bytes")]
    [InlineData("chunks")]
    public async Task A_hundred_megabytes_come_down_in_bounded_memory(string how)
    {
        using var watch = new MemoryWatch(here.Sidecar.Process);
        var result = await Curl.RunAsync("-o", "/dev/null", "-w", "%{http_code} %{size_download}", $"{Url}/{how}/{Size}");
        Assert.Equal($"200 {Size}", result.Out);
        Assert.InRange(watch.Highest, 1, Bound);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_hundred_megabytes_go_up_in_bounded_memory(bool chunked)
    {
        using var file = new TempDirectory();
        using (var stream = File.Create(file["body"]))
        {
            stream.SetLength(Size);
        }

        using var watch = new MemoryWatch(here.Sidecar.Process);
        var (status, body) = await Curl.GetAsync(["-T", file["body"], .. chunked ? new[] { "-H", "Transfer-Encoding: chunked" } : [], $"{Url}/count"]);
        Assert.Equal((200, $"{Size}"), (status, body));
        Assert.InRange(watch.Highest, 1, Bound);
    }

    [Fact]
    public async Task A_reader_that_stops_stops_the_application()
    {
        // More than every buffer on the way together holds, unless somebody keeps it in memory.
        using var client = await RawClient.ConnectAsync(here.Inbound);
        await client.SendAsync($"GET /bytes/{Size} HTTP/1.1\r\nHost: a\r\n\r\n");
        await client.Connection.HeadAsync();
        using var watch = new MemoryWatch(here.Sidecar.Process);

        // Long enough for a proxy without back-pressure to take all of it.
        await Task.Delay(500);
        Assert.InRange(watch.Highest, 1, Bound);
        var received = 0L;
        await foreach (var part in client.Connection.ReadAsync(Size))
        {
            received += part.Length;
        }

        Assert.Equal(Size, received);
        Assert.InRange(watch.Highest, 1, Bound);
    }

    [Fact]
    public async Task A_client_that_leaves_ends_the_request_upstream()
    {
        var left = new TaskCompletionSource();
        here.App.Handler = async request =>
        {
            if (request.Path != "/left")
            {
                return false;
            }

            request.Connection.IsTaken = true;
            try
            {
                while (!(await request.Connection.SomeAsync()).IsEmpty)
                {
                }
            }
            finally
            {
                left.TrySetResult();
            }

            return true;
        };
        using (var client = await RawClient.ConnectAsync(here.Inbound))
        {
            var before = here.App.Requests;
            await client.SendAsync("GET /left HTTP/1.1\r\nHost: a\r\n\r\n");
            await Eventually.IsTrue(() => here.App.Requests > before, "the request to arrive");

            // An end right behind the request is a half-close, whose sender waits for the answer; only a later one means that the client has left.
            await Task.Delay(300);
        }

        await Eventually.Within(left.Task, "the application to see its connection closed");
    }

    [Fact]
    public async Task NETs_client_posts_in_chunks_and_reads_the_echo()
    {
        using var client = Http.Client(here.Inbound);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/echo") { Content = new StringContent(new string('ä', 100_000)) };
        request.Headers.TransferEncodingChunked = true;
        using var response = await client.SendAsync(request);
        Assert.Equal(new string('ä', 100_000), await response.Content.ReadAsStringAsync());
    }
}
