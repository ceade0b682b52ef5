using System.Text;
using Pillion.Net.Http;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Routing;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Routing;

/// <summary>A route whose requests go to several clusters by weight.</summary>
public sealed class TrafficSplitTests
{
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    [Theory]
    [InlineData(90, 10)]
    [InlineData(50, 50)]
    [InlineData(1, 0)]
    [InlineData(999, 1)]
    public void Chance_divides_requests_in_proportion_to_the_weights(int old, int next)
    {
        var split = new TrafficSplit(Parts(old, next));
        var random = new Random(1);
        const int Drawn = 100_000;
        var share = Enumerable.Range(0, Drawn).Count(_ => split.Pick(new RequestHead(), random).Cluster == "next") / (double)Drawn;
        TestContext.Current.TestOutputHelper?.WriteLine($"{share:P2} by chance");
        Assert.InRange(share, (next / (double)(old + next)) - 0.005, (next / (double)(old + next)) + 0.005);
    }

    [Theory]
    [InlineData((int)SplitBy.Header)]
    [InlineData((int)SplitBy.Cookie)]
    public void The_same_caller_goes_the_same_way_and_callers_are_divided_by_weight(int by)
    {
        var split = new TrafficSplit(Parts(90, 10) with { By = (SplitBy)by, ByName = "user" });
        var same = new TrafficSplit(Parts(90, 10) with { By = (SplitBy)by, ByName = "user" });
        var next = 0;
        for (var user = 0; user < 20_000; user++)
        {
            var request = By((SplitBy)by, $"user-{user}");
            var chosen = split.Pick(request, new Random(user)).Cluster;
            Assert.Equal(chosen, same.Pick(request, new Random(-user)).Cluster);
            next += chosen == "next" ? 1 : 0;
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{next} of 20000 users by {(SplitBy)by}");
        Assert.InRange(next / 20_000.0, 0.09, 0.11);
    }

    [Fact]
    public void A_larger_share_for_the_new_one_takes_callers_from_the_old_one_and_gives_it_none_back()
    {
        var before = new TrafficSplit(Parts(90, 10) with { By = SplitBy.Header, ByName = "user" });
        var after = new TrafficSplit(Parts(1, 1) with { By = SplitBy.Header, ByName = "user" });
        for (var user = 0; user < 2_000; user++)
        {
            var request = By(SplitBy.Header, $"user-{user}");
            Assert.False(before.Pick(request, Random.Shared).Cluster == "next" && after.Pick(request, Random.Shared).Cluster == "old");
        }
    }

    [Theory]
    [InlineData("0", "old")]
    [InlineData("89", "old")]
    [InlineData("90", "next")]
    [InlineData("199", "next")]
    [InlineData("18446744073709551615", "old")]
    public void In_Envoys_way_a_header_is_the_number_that_is_drawn(string value, string cluster)
    {
        var split = new TrafficSplit(Parts(90, 10) with { By = SplitBy.DrawnByCaller, ByName = "user" });
        Assert.Equal(cluster, split.Pick(By(SplitBy.Header, value), new Random(1)).Cluster);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("18446744073709551616")]
    [InlineData("one")]
    public void What_is_no_number_is_drawn_by_chance(string value)
    {
        var split = new TrafficSplit(Parts(50, 50) with { By = SplitBy.DrawnByCaller, ByName = "user" });
        var random = new Random(1);
        Assert.Equal(2, Enumerable.Range(0, 100).Select(_ => split.Pick(By(SplitBy.Header, value), random).Cluster).Distinct().Count());
    }

    [Theory]
    [InlineData("user=a", "a")]
    [InlineData("x=1; user=a; y=2", "a")]
    [InlineData("xuser=b; user=\"a\"", "a")]
    [InlineData("user=", "")]
    [InlineData("users=a", "")]
    [InlineData("", "")]
    public void A_cookie_is_found_among_others(string field, string value)
    {
        var fields = new FieldList();
        fields.Add(KnownField.Cookie, "first=1"u8);
        fields.Add(KnownField.Cookie, Encoding.ASCII.GetBytes(field));
        Assert.Equal(value, RequestCookies.TryGet(fields, "user"u8, out var found) ? Encoding.ASCII.GetString(found) : "");
    }

    [Fact]
    public void A_request_is_tried_again_in_the_cluster_that_was_chosen_for_it()
    {
        using var proxy = Split(Parts(50, 50), out var next, new RetryConfig { On = RetryOn.ServerError, Retries = 3 });
        proxy.Upstream.Answer = next.Answer = _ => "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n";
        for (var i = 0; i < 20; i++)
        {
            proxy.Get($"/{i}");
            proxy.AdvanceSeconds(2);
            Assert.Equal(4, proxy.Record.AttemptCount);
        }

        var old = proxy.Upstream.Requests.Select(request => request.Split(' ')[1]).ToHashSet();
        var other = next.Requests.Select(request => request.Split(' ')[1]).ToHashSet();
        Assert.Equal((20, 0), (old.Count + other.Count, old.Intersect(other).Count()));
        Assert.True(old.Count > 0 && other.Count > 0);
        Assert.Equal(["next", "old"], proxy.Records.Select(record => record.Cluster).Distinct().Order());
    }

    [Fact]
    public void A_part_edits_headers_and_host_for_itself_alone()
    {
        var parts = Parts(0, 1);
        parts = parts with
        {
            Parts =
            [
                parts.Parts[0],
                parts.Parts[1] with
                {
                    RequestHeaders = new() { Add = [new("x-version", "2", HeaderAppend.Set)] },
                    ResponseHeaders = new() { Add = [new("x-served-by", "next", HeaderAppend.Set)] },
                    HostRewrite = "next.internal",
                },
            ],
        };
        using var proxy = Split(parts, out var next);
        next.Answer = _ => Ok;
        var head = proxy.Get().TakeHead();
        Assert.Contains("x-served-by: next", head);
        Assert.Contains("Host: next.internal\r\n", next.Requests[0]);
        Assert.Contains("x-version: 2\r\n", next.Requests[0]);
    }

    [Theory]
    [InlineData("x-to: next", 200)]
    [InlineData("x-to: nobody", 503)]
    [InlineData("x-other: next", 503)]
    public void A_header_may_name_the_cluster(string field, int status)
    {
        using var proxy = Split(Parts(1, 0), out var next, forward: forward => forward with { Split = null, ClusterHeader = "x-to" });
        next.Answer = _ => Ok;
        Assert.StartsWith($"HTTP/1.1 {status} ", proxy.Request($"GET / HTTP/1.1\r\nHost: a\r\n{field}\r\n\r\n").TakeHead());
        Assert.Equal(status == 200 ? 1 : 0, next.Requests.Count);
    }

    private static SplitConfig Parts(int old, int next) => new()
    {
        Parts = [new() { Cluster = "old", Weight = old }, new() { Cluster = "next", Weight = next }],
    };

    private static RequestHead By(SplitBy by, string value)
    {
        var head = new RequestHead();
        if (by == SplitBy.Header)
        {
            head.Fields.Add("User"u8, Encoding.ASCII.GetBytes(value));
        }
        else
        {
            head.Fields.Add(KnownField.Cookie, Encoding.ASCII.GetBytes("a=b; user=" + value));
        }

        return head;
    }

    private static ProxyFixture Split(SplitConfig split, out ScriptedUpstream next, RetryConfig? retry = null, Func<ForwardConfig, ForwardConfig>? forward = null)
    {
        var proxy = new ProxyFixture(retry: retry);
        next = proxy.Listen(8081);
        var config = ProxyFixture.Make(
            action =>
            {
                action = action with { Cluster = "", Split = split };
                return forward?.Invoke(action) ?? action;
            },
            retry: retry);
        Assert.Empty(proxy.Reload(config with
        {
            Clusters =
            [
                .. config.Clusters,
                config.Clusters[0] with { Name = "old" },
                config.Clusters[0] with { Name = "next", Endpoints = [ProxyFixture.Endpoint(8081)] },
            ],
        }));
        return proxy;
    }
}
