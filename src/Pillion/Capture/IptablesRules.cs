using System.Net.Sockets;
using System.Text;
using Pillion.Core.Configuration.Roles;

namespace Pillion.Capture;

/// <summary>
/// The capture as input of <c>iptables-restore --noflush</c>: two chains of our own, which the restore empties where they exist, and a jump to each. One
/// family is one transaction; there is none over both.
/// </summary>
internal static class IptablesRules
{
    public const string OutChain = "PILLION_OUT";
    public const string InChain = "PILLION_IN";
    public const string OutJump = $"OUTPUT -p tcp -j {OutChain}";
    public const string InJump = $"PREROUTING -p tcp -j {InChain}";

    // The multiport match takes 15 ports; a range counts as two.
    private const int MostPorts = 15;

    /// <param name="options">What is captured.</param>
    /// <param name="isV6">For ip6tables-restore.</param>
    /// <param name="installed">What <c>iptables-save -t nat</c> prints now: a jump that is there is not added again.</param>
    public static string Of(CaptureOptions options, bool isV6, string installed = "")
    {
        var config = options.Config;
        var text = new StringBuilder("*nat\n");
        text.Append($":{OutChain} - [0:0]\n:{InChain} - [0:0]\n");
        if (config.OutboundPort != 0)
        {
            Outbound(text, config, isV6);
        }

        if (config.InboundPorts.Count > 0)
        {
            Inbound(text, options);
        }

        foreach (var jump in (string[])[OutJump, InJump])
        {
            if (CountOf(installed, jump) == 0)
            {
                text.Append($"-A {jump}\n");
            }
        }

        return text.Append("COMMIT\n").ToString();
    }

    /// <summary>Takes out what <c>iptables-save -t nat</c> shows of ours; null where it shows nothing.</summary>
    public static string? Removal(string installed)
    {
        var text = new StringBuilder();
        foreach (var jump in (string[])[OutJump, InJump])
        {
            for (var left = CountOf(installed, jump); left > 0; left--)
            {
                text.Append($"-D {jump}\n");
            }
        }

        foreach (var chain in (string[])[OutChain, InChain])
        {
            if (installed.Contains($"\n:{chain} ", StringComparison.Ordinal))
            {
                text.Append($"-F {chain}\n-X {chain}\n");
            }
        }

        return text.Length == 0 ? null : $"*nat\n{text}COMMIT\n";
    }

    private static int CountOf(string installed, string jump) => installed.Split('\n').Count(line => line.TrimEnd().EndsWith($"-A {jump}", StringComparison.Ordinal));

    private static void Outbound(StringBuilder text, CaptureConfig config, bool isV6)
    {
        OpenConnections(text, OutChain);
        if (config.Mark != 0)
        {
            Rule(text, OutChain, $"-m mark --mark 0x{config.Mark:x} -j RETURN");
        }

        if (config.Uid is { } uid)
        {
            Rule(text, OutChain, $"-m owner --uid-owner {uid} -j RETURN");
        }

        Rule(text, OutChain, "-o lo -j RETURN");
        Rule(text, OutChain, $"-d {(isV6 ? "::1/128" : "127.0.0.0/8")} -j RETURN");
        Rule(text, OutChain, "-m addrtype --dst-type LOCAL -j RETURN");
        foreach (var network in config.ExcludeOutboundCidrs.Where(network => network.BaseAddress.AddressFamily == AddressFamily.InterNetworkV6 == isV6))
        {
            Rule(text, OutChain, $"-d {network} -j RETURN");
        }

        Ports(text, OutChain, config.ExcludeOutboundPorts, "RETURN");
        foreach (var excluded in config.ExcludeUids.Distinct().Order())
        {
            Rule(text, OutChain, $"-m owner --uid-owner {excluded} -j RETURN");
        }

        var redirect = $"-p tcp -j REDIRECT --to-ports {config.OutboundPort}";
        foreach (var only in config.OnlyUids.Distinct().Order())
        {
            Rule(text, OutChain, $"-m owner --uid-owner {only} {redirect}");
        }

        if (config.OnlyUids.Count == 0)
        {
            Rule(text, OutChain, redirect);
        }
    }

    private static void Inbound(StringBuilder text, CaptureOptions options)
    {
        var config = options.Config;
        OpenConnections(text, InChain);
        Rule(text, InChain, "-i lo -j RETURN");
        Rule(text, InChain, "-m addrtype ! --dst-type LOCAL -j RETURN");
        Ports(text, InChain, options.UntouchedInboundPorts, "RETURN");
        var target = $"REDIRECT --to-ports {config.InboundPort}";
        if (config.InboundPorts.Contains(PortRange.All))
        {
            Rule(text, InChain, $"-p tcp -j {target}");
        }
        else
        {
            Ports(text, InChain, config.InboundPorts, target);
        }
    }

    // As in the rules for nft: a connection that was open before is not new, whatever the tracking thinks.
    private static void OpenConnections(StringBuilder text, string chain) => Rule(text, chain, "-p tcp ! --syn -j RETURN");

    private static void Ports(StringBuilder text, string chain, IEnumerable<PortRange> ports, string target)
    {
        var batch = new List<string>();
        var weight = 0;
        foreach (var range in PortRanges.Merge(ports))
        {
            var size = range.First == range.Last ? 1 : 2;
            if (weight + size > MostPorts)
            {
                Flush();
            }

            batch.Add(size == 1 ? $"{range.First}" : $"{range.First}:{range.Last}");
            weight += size;
        }

        Flush();

        void Flush()
        {
            if (batch.Count > 0)
            {
                Rule(text, chain, $"-p tcp -m multiport --dports {string.Join(',', batch)} -j {target}");
                batch.Clear();
                weight = 0;
            }
        }
    }

    private static void Rule(StringBuilder text, string chain, string rule) => text.Append($"-A {chain} {rule}\n");
}
