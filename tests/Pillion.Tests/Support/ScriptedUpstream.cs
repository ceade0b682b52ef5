using System.Net;
using System.Text;
using Pillion.Net.Http.Http2;
using Pillion.Net.Sockets;
using Xunit;

namespace Pillion.Tests.Support;

/// <summary>A server that accepts connections over the memory network and leaves them to the test, or answers by a function.</summary>
internal sealed class ScriptedUpstream(ProxyFixture fixture, IPEndPoint endPoint)
{
    private int _taken;

    public IPEndPoint EndPoint { get; } = endPoint;

    /// <summary>Every connection so far.</summary>
    public List<RawPeer> Connections { get; } = [];

    /// <summary>Connections accepted and not yet asked for.</summary>
    public int Waiting => Connections.Count - _taken;

    /// <summary>Makes the answer to a whole request; null leaves it to the test. An answer that ends in "#end" closes behind it.</summary>
    public Func<string, string?>? Answer { get; set; }

    /// <summary>Whole requests that <see cref="Answer"/> was asked about.</summary>
    public List<string> Requests { get; } = [];

    /// <summary>Connections are accepted but not read.</summary>
    public bool DoesNotRead { get; set; }

    /// <summary>Connections that spoke HTTP/2; see <see cref="SpeakHttp2"/>.</summary>
    public List<Http2Peer> Http2 { get; } = [];

    /// <summary>Takes each new connection instead of a raw peer. On the loop.</summary>
    public Action<Connection>? Takes { get; set; }

    /// <summary>From now on connections speak HTTP/2.</summary>
    /// <param name="answer">Answers each request; null leaves them to the test.</param>
    public void SpeakHttp2(Http2Settings? settings = null, Func<Http2Call, Task>? answer = null) =>
        Takes = connection => Http2.Add(new Http2Peer(fixture, connection, settings ?? Http2Settings.Default, answer));

    /// <summary>The next connection.</summary>
    public RawPeer Next()
    {
        Assert.True(_taken < Connections.Count, "the proxy has not connected");
        return Connections[_taken++];
    }

    /// <summary>Stops accepting, and listening.</summary>
    public void Close() => fixture.StopListening(this);

    /// <summary>On the loop.</summary>
    public void Arrive(RawPeer peer)
    {
        Connections.Add(peer);
        peer.Arrived = Reply;
    }

    private void Reply(RawPeer peer)
    {
        while (Answer is { } answer && TakeRequest(peer) is { } request)
        {
            Requests.Add(request);
            if (answer(request) is { } text)
            {
                var end = text.EndsWith("#end", StringComparison.Ordinal);
                peer.SendNow(Encoding.Latin1.GetBytes(end ? text[..^4] : text), end);
            }
        }
    }

    // Enough HTTP to know where a request ends: by its length, by its last chunk, or behind its head.
    private static string? TakeRequest(RawPeer peer)
    {
        var text = peer.Received;
        var head = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (head < 0)
        {
            return null;
        }

        var length = head + 4;
        var fields = text[..length];
        var at = fields.IndexOf("Content-Length: ", StringComparison.OrdinalIgnoreCase);
        if (at >= 0)
        {
            var value = fields[(at + 16)..];
            length += int.Parse(value[..value.IndexOf('\r')], null);
        }
        else if (fields.Contains("chunked", StringComparison.OrdinalIgnoreCase))
        {
            var end = text.IndexOf("0\r\n\r\n", length, StringComparison.Ordinal);
            length = end < 0 ? int.MaxValue : end + 5;
        }

        return text.Length < length ? null : peer.Take(length);
    }
}
