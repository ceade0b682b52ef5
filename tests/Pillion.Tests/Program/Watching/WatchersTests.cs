using System.Text;
using Pillion.Core.Signals;
using Pillion.Core.Signals.Watching;
using Pillion.Net.Http;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Program.Watching;

/// <summary>What the proxy shows those who look, whether a request is served, refused or given up.</summary>
public sealed class WatchersTests
{
    [Fact]
    public void A_request_that_was_served_is_shown_with_its_headers_and_one_that_was_refused_too()
    {
        using var proxy = new ProxyFixture();
        proxy.Upstream.Answer = _ => "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        var seen = new Seen();
        Assert.True(proxy.Role.Context.Watchers.TryAdd(seen));
        proxy.Request("GET /x HTTP/1.1\r\nHost: a\r\nX-Tenant: acme\r\n\r\n").Close();
        proxy.Request("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n").Close();
        Assert.Equal(["200 acme", "400 "], seen.Lines);

        proxy.Role.Context.Watchers.Remove(seen);
        proxy.Get().Close();
        Assert.Equal(2, seen.Lines.Count);
    }

    private sealed class Seen : IRequestWatcher
    {
        public List<string> Lines { get; } = [];

        public void Ended(int loop, RequestRecord record, RequestHead? request, ResponseHead? response) =>
            Lines.Add($"{record.Status} {Encoding.ASCII.GetString(request!.Fields.IndexOf("x-tenant"u8) is >= 0 and var index ? request.Fields.Value(index) : default)}");
    }
}
