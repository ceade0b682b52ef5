using System.Text;
using Pillion.Core.Configuration;
using Pillion.Core.Resilience;
using Pillion.Proxy.Forwarding;

namespace Pillion.Proxy.Filters.Egress;

/// <summary>Lets requests to unknown hosts pass that the list has, CONNECT included, and refuses the others.</summary>
internal sealed class AllowedHostsFilter(AllowedHostsConfig config, FilterContext context) : Filter(config, context)
{
    private readonly AllowedHosts _hosts = new(config.Hosts);

    public override ValueTask<bool> RequestAsync(Exchange exchange)
    {
        var request = exchange.Request;
        if (_hosts.Find(request.Authority, request.IsHttps ? 443 : 80) is { } host)
        {
            Tell(exchange, "allowed", host.Source, host.Text);
            return new(true);
        }

        Tell(exchange, "denied", Source, "none");
        return RefuseAsync(exchange, new Failure(FailureSide.Local, FailureKind.Denied, Cause: $"no entry covers {ConfigError.Quote(Encoding.ASCII.GetString(request.Authority))}"));
    }
}
