using System.Net;
using System.Net.Sockets;
using System.Text;
using Pillion.Core.Configuration.Roles;

namespace Pillion.Capture;

/// <summary>
/// The capture as one nftables script, which the kernel takes as one transaction: no connection sees half of it. It begins by removing a table that was
/// there, so that it can be loaded again and after a crash.
/// </summary>
internal static class NftablesRules
{
    public const string Table = "inet pillion";
    public const string OutboundCounter = "outbound";
    public const string InboundCounter = "inbound";
    public const string OwnCounter = "own";

    // Adding a table that exists changes nothing; deleting one that does not would fail.
    public const string Removal = $"add table {Table}\ndelete table {Table}\n";

    public static string Of(CaptureOptions options)
    {
        var config = options.Config;
        var text = new StringBuilder(Removal);
        text.Append($"table {Table} {{\n");
        Counter(text, OwnCounter, "connections of the sidecar itself, passed by");
        Counter(text, OutboundCounter, "connections redirected on their way out");
        Counter(text, InboundCounter, "connections redirected on their way in");
        if (config.OutboundPort != 0)
        {
            Outbound(text, config);
        }

        if (config.InboundPorts.Count > 0)
        {
            Inbound(text, options);
        }

        return text.Append("}\n").ToString();
    }

    private static void Outbound(StringBuilder text, CaptureConfig config)
    {
        Begin(text, "outbound", "output", config);
        if (config.Mark != 0)
        {
            Rule(text, $"meta mark 0x{config.Mark:x} counter name {OwnCounter} return", "the sidecar, by its mark");
        }

        if (config.Uid is { } uid)
        {
            Rule(text, $"meta skuid {uid} counter name {OwnCounter} return", "the sidecar, by its user");
        }

        // Whatever is on this machine is never captured: not by the interface, the address or the routing table.
        Rule(text, "oifname \"lo\" return");
        Rule(text, "ip daddr 127.0.0.0/8 return");
        Rule(text, "ip6 daddr ::1 return");
        Rule(text, "fib daddr type local return");
        Networks(text, "ip", config.ExcludeOutboundCidrs.Where(network => network.BaseAddress.AddressFamily == AddressFamily.InterNetwork));
        Networks(text, "ip6", config.ExcludeOutboundCidrs.Where(network => network.BaseAddress.AddressFamily == AddressFamily.InterNetworkV6));
        Ports(text, config.ExcludeOutboundPorts);
        if (config.ExcludeUids.Count > 0)
        {
            Rule(text, $"meta skuid {Set(config.ExcludeUids.Distinct().Order())} return");
        }

        if (config.OnlyUids.Count > 0)
        {
            Rule(text, $"meta skuid != {Set(config.OnlyUids.Distinct().Order())} return");
        }

        Rule(text, $"meta l4proto tcp counter name {OutboundCounter} redirect to :{config.OutboundPort}");
        text.Append("\t}\n");
    }

    private static void Inbound(StringBuilder text, CaptureOptions options)
    {
        var config = options.Config;
        Begin(text, "inbound", "prerouting", config);
        Rule(text, "iifname \"lo\" return");

        // What this machine only routes, for containers or a network behind it, is not its own.
        Rule(text, "fib daddr type != local return");
        Ports(text, options.UntouchedInboundPorts);
        var redirect = $"counter name {InboundCounter} redirect to :{config.InboundPort}";
        Rule(text, config.InboundPorts.Contains(PortRange.All) ? $"meta l4proto tcp {redirect}" : $"tcp dport {Set(Merge(config.InboundPorts))} {redirect}");
        text.Append("\t}\n");
    }

    private static void Begin(StringBuilder text, string chain, string hook, CaptureConfig config)
    {
        // -100 is where destinations are rewritten; its name is not understood in an output hook.
        text.Append($"\tchain {chain} {{\n\t\ttype nat hook {hook} priority -100; policy accept;\n");
        Rule(text, "meta l4proto != tcp return");

        // The kernel begins to track connections with these rules, and takes one that is open already for a new one at its next packet: only a SYN is.
        Rule(text, "tcp flags & (fin | syn | rst | ack) != syn return");
        if (!config.Ipv6)
        {
            Rule(text, "meta nfproto ipv6 return");
        }
    }

    private static void Counter(StringBuilder text, string name, string comment) => text.Append($"\tcounter {name} {{ comment \"{comment}\"; }}\n");

    private static void Rule(StringBuilder text, string rule, string? comment = null) =>
        text.Append("\t\t").Append(rule).Append(comment is null ? "" : $" comment \"{comment}\"").Append('\n');

    private static void Networks(StringBuilder text, string family, IEnumerable<IPNetwork> networks)
    {
        var all = networks.ToList();
        // A set takes no network twice, nor one within another.
        var outermost = all.Where((network, i) => !all.Where((other, j) => j != i && Covers(other, network) && (other != network || j < i)).Any()).ToList();
        if (outermost.Count > 0)
        {
            Rule(text, $"{family} daddr {Set(outermost)} return");
        }
    }

    private static bool Covers(IPNetwork outer, IPNetwork inner) => outer.PrefixLength <= inner.PrefixLength && outer.Contains(inner.BaseAddress);

    private static void Ports(StringBuilder text, IEnumerable<PortRange> ports)
    {
        var merged = Merge(ports).ToList();
        if (merged.Count > 0)
        {
            Rule(text, $"tcp dport {Set(merged)} return");
        }
    }

    private static IEnumerable<string> Merge(IEnumerable<PortRange> ports) =>
        PortRanges.Merge(ports).Select(range => range.First == range.Last ? $"{range.First}" : $"{range.First}-{range.Last}");

    private static string Set<T>(IEnumerable<T> elements) => $"{{ {string.Join(", ", elements)} }}";
}
