using Pillion.Net.Http;
using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Routing;

/// <summary>What a matched route does: <see cref="ForwardAction"/>, <see cref="RedirectAction"/> or <see cref="DirectAction"/>.</summary>
internal abstract class RouteAction
{
    public static RouteAction Compile(
        RouteActionConfig config, VirtualHostConfig host, PathMatcher path, HttpRules rules) => config switch
    {
        ForwardConfig forward => new ForwardAction(forward, host, path, rules),
        RedirectConfig redirect => new RedirectAction(redirect, path, rules),
        DirectResponseConfig direct => new DirectAction(direct),
        _ => throw new ArgumentException($"A route cannot do {config.GetType().Name}.", nameof(config)),
    };
}
