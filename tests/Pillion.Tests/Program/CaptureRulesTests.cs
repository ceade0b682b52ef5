using System.Net;
using Pillion.Capture;
using Pillion.Core.Configuration.Roles;
using Xunit;

namespace Pillion.Tests.Program;

[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class CaptureRulesTests
{
    private static readonly CaptureOptions Everything = new()
    {
        Config = new CaptureConfig
        {
            OutboundPort = 1,
            InboundPort = 2,
            InboundPorts = [new(8080, 8080), new(9005, 9020), new(9000, 9010), new(9021, 9021)],
            ExcludeOutboundPorts = [new(443, 443), new(53, 53), new(53, 53)],
            ExcludeOutboundCidrs = [IPNetwork.Parse("10.1.0.0/16"), IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("fd00::/8"), IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("192.0.2.1/32")],
            ExcludeInboundPorts = [new(9003, 9003)],
            ExcludeUids = [7, 6, 7],
            OnlyUids = [1000, 1001],
            Mark = 0x51,
            Uid = 1337,
        },
        OwnPorts = [15000],
    };

    private static readonly CaptureOptions Inbound = new() { Config = new CaptureConfig { OutboundPort = 0, InboundPorts = [PortRange.All], Ipv6 = false } };

    [Fact]
    public void The_rules_of_nftables_are_one_transaction_that_can_be_loaded_again() => Assert.Equal("""
        add table inet pillion
        delete table inet pillion
        table inet pillion {
        	counter own { comment "connections of the sidecar itself, passed by"; }
        	counter outbound { comment "connections redirected on their way out"; }
        	counter inbound { comment "connections redirected on their way in"; }
        	chain outbound {
        		type nat hook output priority -100; policy accept;
        		meta l4proto != tcp return
        		tcp flags & (fin | syn | rst | ack) != syn return
        		meta mark 0x51 counter name own return comment "the sidecar, by its mark"
        		meta skuid 1337 counter name own return comment "the sidecar, by its user"
        		oifname "lo" return
        		ip daddr 127.0.0.0/8 return
        		ip6 daddr ::1 return
        		fib daddr type local return
        		ip daddr { 10.0.0.0/8, 192.0.2.1/32 } return
        		ip6 daddr { fd00::/8 } return
        		tcp dport { 53, 443 } return
        		meta skuid { 6, 7 } return
        		meta skuid != { 1000, 1001 } return
        		meta l4proto tcp counter name outbound redirect to :1
        	}
        	chain inbound {
        		type nat hook prerouting priority -100; policy accept;
        		meta l4proto != tcp return
        		tcp flags & (fin | syn | rst | ack) != syn return
        		iifname "lo" return
        		fib daddr type != local return
        		tcp dport { 1-2, 9003, 15000 } return
        		tcp dport { 8080, 9000-9021 } counter name inbound redirect to :2
        	}
        }

        """, NftablesRules.Of(Everything));

    [Fact]
    public void One_direction_alone_has_one_chain_alone()
    {
        Assert.DoesNotContain("hook output", NftablesRules.Of(Inbound));
        Assert.Contains("\t\tmeta nfproto ipv6 return\n", NftablesRules.Of(Inbound));
        Assert.Contains("\t\tmeta l4proto tcp counter name inbound redirect to :15006\n", NftablesRules.Of(Inbound));
        Assert.DoesNotContain("hook prerouting", NftablesRules.Of(new CaptureOptions { Config = new CaptureConfig() }));
    }

    [Fact]
    public void The_rules_of_iptables_are_the_same_by_family() => Assert.Equal("""
        *nat
        :PILLION_OUT - [0:0]
        :PILLION_IN - [0:0]
        -A PILLION_OUT -p tcp ! --syn -j RETURN
        -A PILLION_OUT -m mark --mark 0x51 -j RETURN
        -A PILLION_OUT -m owner --uid-owner 1337 -j RETURN
        -A PILLION_OUT -o lo -j RETURN
        -A PILLION_OUT -d ::1/128 -j RETURN
        -A PILLION_OUT -m addrtype --dst-type LOCAL -j RETURN
        -A PILLION_OUT -d fd00::/8 -j RETURN
        -A PILLION_OUT -p tcp -m multiport --dports 53,443 -j RETURN
        -A PILLION_OUT -m owner --uid-owner 6 -j RETURN
        -A PILLION_OUT -m owner --uid-owner 7 -j RETURN
        -A PILLION_OUT -m owner --uid-owner 1000 -p tcp -j REDIRECT --to-ports 1
        -A PILLION_OUT -m owner --uid-owner 1001 -p tcp -j REDIRECT --to-ports 1
        -A PILLION_IN -p tcp ! --syn -j RETURN
        -A PILLION_IN -i lo -j RETURN
        -A PILLION_IN -m addrtype ! --dst-type LOCAL -j RETURN
        -A PILLION_IN -p tcp -m multiport --dports 1:2,9003,15000 -j RETURN
        -A PILLION_IN -p tcp -m multiport --dports 8080,9000:9021 -j REDIRECT --to-ports 2
        -A OUTPUT -p tcp -j PILLION_OUT
        -A PREROUTING -p tcp -j PILLION_IN
        COMMIT

        """, IptablesRules.Of(Everything, isV6: true));

    [Fact]
    public void More_ports_than_a_rule_of_iptables_takes_become_several_rules()
    {
        var options = new CaptureOptions { Config = new CaptureConfig { ExcludeOutboundPorts = [.. Enumerable.Range(1, 14).Select(i => new PortRange(i * 10, i * 10)), new(200, 209), new(300, 300)] } };
        var rules = IptablesRules.Of(options, isV6: false).Split('\n').Where(line => line.Contains("multiport")).ToList();
        Assert.Equal(
            ["-A PILLION_OUT -p tcp -m multiport --dports 10,20,30,40,50,60,70,80,90,100,110,120,130,140 -j RETURN", "-A PILLION_OUT -p tcp -m multiport --dports 200:209,300 -j RETURN"],
            rules);
    }

    [Fact]
    public void A_jump_that_is_there_is_not_added_again_and_all_of_them_are_removed()
    {
        const string installed = """
            *nat
            :OUTPUT ACCEPT [5:300]
            :PILLION_OUT - [0:0]
            [2:120] -A OUTPUT -p tcp -j PILLION_OUT
            [0:0] -A OUTPUT -p tcp -j PILLION_OUT
            [7:420] -A PILLION_OUT -p tcp -j REDIRECT --to-ports 15001
            COMMIT
            """;
        var again = IptablesRules.Of(Everything, isV6: false, installed);
        Assert.DoesNotContain("-A OUTPUT", again);
        Assert.Contains("-A PREROUTING -p tcp -j PILLION_IN\n", again);
        Assert.Equal(
            "*nat\n-D OUTPUT -p tcp -j PILLION_OUT\n-D OUTPUT -p tcp -j PILLION_OUT\n-F PILLION_OUT\n-X PILLION_OUT\nCOMMIT\n",
            IptablesRules.Removal(installed));
        Assert.Null(IptablesRules.Removal("*nat\n:OUTPUT ACCEPT [5:300]\nCOMMIT\n"));
        Assert.Equal(7, Iptables.Count(installed.Split('\n'), IptablesRules.OutChain, "-j REDIRECT"));
    }

    [Fact]
    public void Counters_are_read_from_what_nft_prints()
    {
        const string json = """
            {"nftables": [{"metainfo": {"version": "1.0.6"}}, {"counter": {"family": "inet", "name": "own", "table": "pillion", "packets": 3, "bytes": 180}},
             {"counter": {"family": "inet", "name": "outbound", "table": "pillion", "packets": 5, "bytes": 300}}]}
            """;
        Assert.Equal(5, Nftables.Count(json, NftablesRules.OutboundCounter));
        Assert.Equal(0, Nftables.Count(json, NftablesRules.InboundCounter));
    }

    [Theory]
    [InlineData("CapEff:\t000001fffeffffff", true)]
    [InlineData("CapEff:\t0000000000001000", true)]
    [InlineData("CapEff:\t0000000000000fff", false)]
    [InlineData("CapEff:\t0000000000000000", false)]
    public void The_right_is_a_capability_and_not_the_name_of_root(string line, bool has)
    {
        var file = Path.GetTempFileName();
        File.WriteAllText(file, $"Name:\tpillion\nCapPrm:\t000001ffffffffff\n{line}\n");
        Assert.Equal(has, NetworkRights.HasNetAdmin(file));
        File.Delete(file);
    }
}
