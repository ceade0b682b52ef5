using Pillion.Net.Http;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Filters;

namespace Pillion.Proxy.Routing;

/// <summary>A listener's compiled virtual hosts and routes: immutable, shared by all loops, asked without allocation.</summary>
internal sealed class RouteTable
{
    private readonly DomainTable _domains;
    private readonly HttpRules _rules;

    private RouteTable(string name, VirtualHost[] hosts, DomainTable domains, HttpRules rules)
    {
        Name = name;
        VirtualHosts = hosts;
        _domains = domains;
        _rules = rules;
    }

    public string Name { get; }

    public IReadOnlyList<VirtualHost> VirtualHosts { get; }

    /// <summary>Compiles what <see cref="RouteTableCheck"/> found nothing wrong with; a mistake that gets here is an exception.</summary>
    /// <param name="filters">Null leaves the routes without filters.</param>
    public static RouteTable Build(RouteTableConfig config, HttpRules rules, FilterCompiler? filters = null)
    {
        var hosts = config.VirtualHosts.Select(host => new VirtualHost(host, config, rules, filters)).ToArray();
        var domains = config.VirtualHosts.Zip(hosts)
            .SelectMany(pair => pair.First.Domains.Select(domain => KeyValuePair.Create(domain, pair.Second)))
            .ToList();
        return new RouteTable(config.Name, hosts, new DomainTable(domains), rules);
    }

    /// <summary>A virtual host names this host, other than by <c>*</c>.</summary>
    public bool HasHost(ReadOnlySpan<byte> host) => _domains.IsNamed(host);

    /// <summary>The first route that matches; null when there is none. Call on a loop thread.</summary>
    public Route? Match(RequestHead head) => Match(head, head.Authority, out _);

    /// <param name="authority">The host to route by, which may be another than the head's (a service named in the path).</param>
    /// <param name="virtualHost">The virtual host, also when none of its routes matched.</param>
    public Route? Match(RequestHead head, ReadOnlySpan<byte> authority, out VirtualHost? virtualHost)
    {
        virtualHost = _domains.Find(authority);
        if (virtualHost is null)
        {
            return null;
        }

        var scratch = Scratch.OfThread;
        return virtualHost.Match(head, scratch.ForMatching(head.Path, _rules), scratch);
    }

    /// <summary>For a request of which not every header is known: what <see cref="Match(RequestHead)"/> finds, or the route that would be found or not by such a header.</summary>
    public Route? MayMatch(RequestHead head, Func<string, bool> isKnown, out string? unknown)
    {
        unknown = null;
        if (_domains.Find(head.Authority) is not { } host)
        {
            return null;
        }

        var scratch = Scratch.OfThread;
        var path = scratch.ForMatching(head.Path, _rules);
        foreach (var route in host.Routes)
        {
            if (route.Matcher.MayMatch(head, path, scratch, isKnown, out unknown))
            {
                return route;
            }
        }

        unknown = null;
        return null;
    }
}
