using Pillion.Net.Http;
using Pillion.Net.Http.Http2;
using Pillion.Net.Sockets;
using Xunit;

namespace Pillion.Tests.Support;

/// <summary>An upstream's end of an HTTP/2 connection: it keeps each request for the test to answer, or answers by a function.</summary>
internal sealed class Http2Peer : IHttp2Requests
{
    private readonly ProxyFixture _fixture;
    private readonly Func<Http2Call, Task>? _answer;
    private int _taken;

    /// <summary>On the loop.</summary>
    public Http2Peer(ProxyFixture fixture, Connection connection, Http2Settings settings, Func<Http2Call, Task>? answer)
    {
        _fixture = fixture;
        _answer = answer;
        Connection = new Http2ServerConnection(connection, HttpRules.Default, settings, this);
        _ = ServeAsync();

        async Task ServeAsync() => End = await Connection.ServeAsync(TimeSpan.Zero);
    }

    public Http2ServerConnection Connection { get; }

    /// <summary>How it ended; null while it goes on.</summary>
    public Http2End? End { get; private set; }

    /// <summary>Every request so far.</summary>
    public List<Http2Call> Calls { get; } = [];

    /// <summary>The next request.</summary>
    public Http2Call Next()
    {
        Assert.True(_taken < Calls.Count, "no further request has come");
        return Calls[_taken++];
    }

    /// <summary>Ends the connection in order.</summary>
    public void Drain() => _fixture.OnLoop(Connection.BeginDrain);

    /// <summary>Breaks the connection.</summary>
    public void Abort() => _fixture.OnLoop(Connection.Abort);

    void IHttp2Requests.RequestArrived(Http2ServerStream stream)
    {
        var call = new Http2Call(_fixture, stream);
        Calls.Add(call);
        if (_answer is not null)
        {
            _ = _answer(call);
        }
    }
}
