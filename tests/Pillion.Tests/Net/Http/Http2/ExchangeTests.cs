using Pillion.Net.Http;
using Pillion.Net.Http.Http2;
using Xunit;

namespace Pillion.Tests.Net.Http.Http2;

/// <summary>Our client and our server, with each other.</summary>
public sealed class ExchangeTests
{
    [Fact]
    public void A_request_without_a_body_is_answered()
    {
        using var fixture = new Http2Fixture();
        string? seen = null;
        fixture.App = async stream =>
        {
            var head = stream.Request;
            seen = $"{head.Version} {head.Method} {head.IsHttps} {System.Text.Encoding.ASCII.GetString(head.Authority)} " +
                $"{System.Text.Encoding.ASCII.GetString(head.Target)} {head.Body} {stream.IsBodyReceived}\n{Http2Fixture.Text(head.Fields)}";
            await Http2Fixture.AnswerHelloAsync(stream);
        };
        fixture.Start();

        var answer = fixture.AskAsync(Http2Fixture.Head("GET", "/a/../b?c=d", fields: ("X-Test", "1"))).Result;

        Assert.Equal("20 Get False orders /b?c=d None True\nx-test: 1\n", seen);
        Assert.Equal((200, "hello", BodyKind.Length, 5), (answer.Status, answer.Body, answer.Head.Body, (int)answer.Head.ContentLength));
        Assert.Equal((0, 0), (fixture.Client.ActiveStreams, fixture.Server.ActiveStreams));
    }

    [Fact]
    public void A_request_with_a_body_is_answered()
    {
        using var fixture = new Http2Fixture();
        string? seen = null;
        fixture.App = async stream =>
        {
            seen = $"{stream.Request.Body} {stream.Request.ContentLength} {await Http2Fixture.ReadAllAsync(stream)}";
            await Http2Fixture.AnswerHelloAsync(stream);
        };
        fixture.Start();

        var answer = fixture.AskAsync(Http2Fixture.Head("POST"), "to be or not").Result;

        Assert.Equal("Length 12 to be or not", seen);
        Assert.Equal((200, "hello"), (answer.Status, answer.Body));
    }
}
