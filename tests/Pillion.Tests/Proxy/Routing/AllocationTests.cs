using Pillion.Core.Signals;
using Pillion.Net.Http;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Routing;
using Xunit;
using static Pillion.Tests.Proxy.Routing.Requests;

namespace Pillion.Tests.Proxy.Routing;

public sealed class AllocationTests
{
    [Fact]
    public void Matching_rewriting_and_editing_allocate_nothing()
    {
        var edits = new HeaderEditConfig { Remove = ["x-gone"], Add = [new("X-From", "%DOWNSTREAM_REMOTE_ADDRESS% %START_TIME%", HeaderAppend.Set)] };
        var match = new RouteMatchConfig
        {
            Path = new(PathMatchKind.Regex, "/a/[a-z]+/.*"),
            Methods = ["GET"],
            Headers = [new ValueMatchConfig { Name = "x-v", Kind = ValueMatchKind.Regex, Value = "1,[0-9]" }, new ValueMatchConfig { Name = "x-n", Invert = true }],
            Query = [new ValueMatchConfig { Name = "q", Kind = ValueMatchKind.Range, RangeStart = 1, RangeEnd = 9 }],
        };
        var table = RouteTable.Build(
            new RouteTableConfig
            {
                VirtualHosts =
                [
                    new VirtualHostConfig
                    {
                        Name = "v",
                        Domains = ["x.example", "*.example"],
                        Routes =
                        [
                            To("never", PathMatchKind.Exact, "/never"),
                            To("prefix", PathMatchKind.Prefix, "/other"),
                            new RouteConfig
                            {
                                Name = "r", Match = match, RequestHeaders = edits,
                                Action = new ForwardConfig { Cluster = "c", RegexRewrite = new("^/a", "/b"), HostRewrite = "inner" },
                            },
                        ],
                    },
                ],
            },
            HttpRules.Default);
        var head = new RequestHead();
        var record = new RequestRecord();

        for (var i = 0; i < 200; i++)
        {
            Once();
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            Once();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal("/b/bc//d?p=1&q=5", head.Target.Text());

        void Once()
        {
            head.Clear();
            head.SetMethod(Pillion.Net.Http.HttpMethod.Get, "GET"u8);
            head.SetTarget("/a//bc//d?p=1&q=5"u8);
            head.SetAuthority("Orders.Example:8080"u8);
            head.Fields.Add("X-V"u8, "1"u8);
            head.Fields.Add("X-V"u8, "2"u8);
            head.Fields.Add("X-Gone"u8, "2"u8);
            var route = table.Match(head)!;
            route.RequestHeaders.Apply(head, record);
            ((ForwardAction)route.Action).Rewrite(head);
        }
    }
}
