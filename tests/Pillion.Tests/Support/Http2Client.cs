using System.Text;
using Pillion.Net.Http;
using Pillion.Net.Http.Http2;
using Pillion.Net.Sockets;
using Xunit;

namespace Pillion.Tests.Support;

/// <summary>A client of the proxy that speaks HTTP/2, by prior knowledge or over the TLS of its connection.</summary>
internal sealed class Http2Client : IHttp2Upstream
{
    private readonly ProxyFixture _fixture;

    /// <summary>On the loop.</summary>
    public Http2Client(ProxyFixture fixture, Connection connection, Http2Settings settings)
    {
        _fixture = fixture;
        Connection = new Http2ClientConnection(connection, HttpRules.Default, settings, this);
        Connection.Start();
    }

    public Http2ClientConnection Connection { get; }

    public bool IsClosed { get; private set; }

    public IoError ClosedBy { get; private set; }

    /// <summary>The proxy said that it takes no more.</summary>
    public bool IsGoingAway { get; private set; }

    /// <summary>Sends a whole request, or with a null body and <paramref name="ends"/> false the head of one.</summary>
    public Http2Asked Ask(string method = "GET", string path = "/", string? body = null, string? trailers = null, bool ends = true, string? upgrade = null, params (string Name, string Value)[] fields)
    {
        Http2Asked? asked = null;
        _fixture.OnLoop(() =>
        {
            var stream = Connection.TryOpen();
            Assert.NotNull(stream);
            asked = new Http2Asked(_fixture, stream, Head(method, path, body is not null || !ends, upgrade, fields), body, trailers, ends);
        });
        return asked!;
    }

    public void Close() => _fixture.OnLoop(() => Connection.Close(goAway: true));

    public void Abort() => _fixture.OnLoop(() => Connection.Close(goAway: false));

    void IHttp2Upstream.StreamReleased(Http2ClientConnection connection)
    {
    }

    void IHttp2Upstream.GoingAway(Http2ClientConnection connection) => IsGoingAway = true;

    void IHttp2Upstream.Closed(Http2ClientConnection connection, IoError error) => (IsClosed, ClosedBy) = (true, error);

    private static RequestHead Head(string method, string path, bool hasBody, string? upgrade, (string Name, string Value)[] fields)
    {
        var head = new RequestHead { WantsUpgrade = upgrade is not null, Body = hasBody ? BodyKind.Chunked : BodyKind.None };
        head.SetMethod(HttpMethods.Identify(Encoding.ASCII.GetBytes(method)), Encoding.ASCII.GetBytes(method));
        head.SetTarget(Encoding.ASCII.GetBytes(path));
        head.SetAuthority("a"u8);
        if (upgrade is not null)
        {
            head.Fields.Add(KnownField.Upgrade, Encoding.ASCII.GetBytes(upgrade));
        }

        foreach (var (name, value) in fields)
        {
            head.Fields.Add(Encoding.ASCII.GetBytes(name), Encoding.Latin1.GetBytes(value));
        }

        return head;
    }
}
