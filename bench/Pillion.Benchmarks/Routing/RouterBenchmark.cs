using BenchmarkDotNet.Attributes;
using Pillion.Net.Http;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Routing;

namespace Pillion.Benchmarks.Routing;

/// <summary>What finding a request's route costs, by the shape of the table; the route looked for is always the last one.</summary>
[MemoryDiagnoser]
public class RouterBenchmark
{
    private readonly RequestHead _head = new();
    private RouteTable _table = null!;

    public enum Shape
    {
        OneRoute,
        ThousandHosts,
        ThousandExactPaths,
        HundredPrefixes,
        OneRegex,
        HeadersAndQuery,
    }

    [ParamsAllValues]
    public Shape Kind { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _table = RouteTable.Build(Config(Kind), HttpRules.Default);
        _head.SetMethod(Pillion.Net.Http.HttpMethod.Get, "GET"u8);
        _head.SetAuthority("host999.internal.example:8080"u8);
        _head.SetTarget("/api/items/99/details?page=7"u8);
        _head.Fields.Add("User-Agent"u8, "bench"u8);
        _head.Fields.Add("X-Tenant"u8, "blue"u8);
        if (_table.Match(_head)?.Name != "wanted")
        {
            throw new InvalidOperationException($"The table of shape {Kind} does not match.");
        }
    }

    [Benchmark]
    public object? Match() => _table.Match(_head);

    private static RouteTableConfig Config(Shape shape) => shape switch
    {
        Shape.ThousandHosts => new()
        {
            VirtualHosts = [.. Enumerable.Range(0, 1000).Select(i => Host($"host{i}.internal.example", [Route("/", i == 999 ? "wanted" : "other")]))],
        },
        Shape.ThousandExactPaths => All(
        [
            .. Enumerable.Range(0, 1000).Select(i => Route($"/api/items/{i}", "other", PathMatchKind.Exact)),
            Route("/api/items/99/details", "wanted", PathMatchKind.Exact),
        ]),
        Shape.HundredPrefixes => All([.. Enumerable.Range(0, 100).Select(i => Route($"/api/items/{i}/details", i == 99 ? "wanted" : "other"))]),
        Shape.OneRegex => All([Route("/api/items/[0-9]+/[a-z]+", "wanted", PathMatchKind.Regex)]),
        Shape.HeadersAndQuery => All([Route("/api", "wanted") with { Match = Conditions() }]),
        _ => All([Route("/", "wanted")]),
    };

    private static RouteMatchConfig Conditions() => new()
    {
        Methods = ["GET", "HEAD"],
        Headers = [new ValueMatchConfig { Name = "x-tenant", Kind = ValueMatchKind.Exact, Value = "blue" }, new ValueMatchConfig { Name = "x-no", Invert = true }],
        Query = [new ValueMatchConfig { Name = "page", Kind = ValueMatchKind.Range, RangeStart = 1, RangeEnd = 10 }],
    };

    private static RouteTableConfig All(RouteConfig[] routes) => new() { VirtualHosts = [Host("*", routes)] };

    private static VirtualHostConfig Host(string domain, RouteConfig[] routes) => new() { Name = domain, Domains = [domain], Routes = [.. routes] };

    private static RouteConfig Route(string path, string name, PathMatchKind kind = PathMatchKind.Prefix) => new()
    {
        Name = name,
        Match = new RouteMatchConfig { Path = new(kind, path) },
        Action = new ForwardConfig { Cluster = "c" },
    };
}
