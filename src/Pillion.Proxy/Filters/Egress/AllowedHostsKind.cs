using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Native;
using Pillion.Proxy.Configuration.Reading;

namespace Pillion.Proxy.Filters.Egress;

/// <summary><c>outbound.allow_hosts</c>: no setting of routes, so it is in no list of kinds.</summary>
internal sealed class AllowedHostsKind : FilterKind
{
    public override string Name => "allow_hosts";

    public override string Meaning => "Hosts that no service covers and that may be called all the same: `api.example`, `api.example:443`, `*.example:443`; without a port on every port. With it all others are refused.";

    public override FilterConfig? Read(ConfigValue value, NativeScope scope)
    {
        if (value.IsDescribing)
        {
            _ = value.AsTexts(item => item.Text);
            return null;
        }

        if (value.IsList && value.Count == 0)
        {
            value.Fail("is empty", "name a host, or write 'unknown_hosts: refuse' to refuse all");
        }

        var hosts = value.IsText ? ReadHost(value) is { } one ? [one] : [] : value.AsList(ReadHost);
        return value.Exists ? new AllowedHostsConfig { Hosts = hosts, Source = value.Source } : null;
    }

    public override Filter Compile(FilterConfig config, FilterContext context) => new AllowedHostsFilter((AllowedHostsConfig)config, context);

    private static AllowedHostConfig? ReadHost(ConfigValue value)
    {
        if (value.AsTextOrNull() is not { } text)
        {
            return null;
        }

        var isSuffix = text.StartsWith("*.", StringComparison.Ordinal);
        var plain = isSuffix ? text[2..] : text;
        if (!HttpText.IsHost(plain))
        {
            value.FailText(
                text == "*" ? "allows every host" : "is not a host",
                text == "*" ? "remove allow_hosts" : "use a.example, a.example:443, *.example:443 or an address");
            return null;
        }

        var colon = plain.LastIndexOf(':');
        var hasPort = colon > 0 && !plain.EndsWith(']');
        var host = hasPort ? plain[..colon] : plain;
        return new()
        {
            Text = text,
            Host = isSuffix ? "." + host : host,
            IsSuffix = isSuffix,
            Port = hasPort ? int.Parse(plain.AsSpan(colon + 1), System.Globalization.CultureInfo.InvariantCulture) : null,
            Source = value.Source,
        };
    }
}
