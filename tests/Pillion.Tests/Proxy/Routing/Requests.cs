using System.Text;
using Pillion.Net.Http;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Routing;

namespace Pillion.Tests.Proxy.Routing;

/// <summary>Heads and tables for the tests of this folder.</summary>
internal static class Requests
{
    public static RequestHead Get(string target, string authority = "example.com", string method = "GET", params (string Name, string Value)[] headers)
    {
        var head = new RequestHead();
        var name = Encoding.ASCII.GetBytes(method);
        head.SetMethod(HttpMethods.Identify(name), name);
        head.SetTarget(Encoding.Latin1.GetBytes(target));
        head.SetAuthority(Encoding.ASCII.GetBytes(authority));
        head.Form = method == "CONNECT" ? TargetForm.Authority : target == "*" ? TargetForm.Asterisk : TargetForm.Origin;
        foreach (var (header, value) in headers)
        {
            head.Fields.Add(Encoding.ASCII.GetBytes(header), Encoding.Latin1.GetBytes(value));
        }

        return head;
    }

    public static string Text(this ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);

    public static RouteConfig To(string cluster, PathMatchKind kind, string path) => new()
    {
        Name = cluster,
        Match = new RouteMatchConfig { Path = new(kind, path) },
        Action = new ForwardConfig { Cluster = cluster },
    };

    public static RouteConfig To(string cluster, RouteMatchConfig match) => new()
    {
        Name = cluster,
        Match = match,
        Action = new ForwardConfig { Cluster = cluster },
    };

    public static RouteTable Table(params RouteConfig[] routes) => Table(HttpRules.Default, routes);

    public static RouteTable Table(HttpRules rules, params RouteConfig[] routes) => RouteTable.Build(
        new RouteTableConfig { VirtualHosts = [new VirtualHostConfig { Name = "all", Domains = ["*"], Routes = [.. routes] }] }, rules);
}
