using System.Net;
using Pillion.Core.Configuration.Roles;
using Pillion.Tests.Configuration;
using Xunit;

namespace Pillion.Tests.Core.Configuration;

public sealed class CaptureConfigTests
{
    [Fact]
    public void Without_the_section_there_is_no_capture_and_an_empty_one_means_the_defaults()
    {
        Assert.Null(Given.Config("app: 127.0.0.1:8080\n").Capture);
        var capture = Given.Config("app: 127.0.0.1:8080\ncapture: {}\n").Capture!;
        Assert.Equal((15001, 15006, 0x50, true, null), (capture.OutboundPort, capture.InboundPort, capture.Mark, capture.Ipv6, capture.Uid));
        Assert.Empty(capture.InboundPorts);
        Assert.Equal([new PortRange(53, 53)], capture.ExcludeOutboundPorts);
    }

    [Fact]
    public void Everything_can_be_said()
    {
        var capture = Given.Config("""
            app: 127.0.0.1:8080
            capture:
              outbound_port: 4140
              inbound_port: 4143
              inbound_ports: [8080, 9000-9010]
              exclude_outbound_ports: 443
              exclude_outbound_cidrs: [10.0.0.0/8, "fd00::/8", 192.0.2.1]
              exclude_inbound_ports: [9005]
              exclude_uids: [1000, 0]
              only_uids: 1001
              mark: 0x1234
              uid: 2102
              ipv6: false
            """).Capture!;
        Assert.Equal(
            new CaptureConfig
            {
                OutboundPort = 4140,
                InboundPort = 4143,
                InboundPorts = [new(8080, 8080), new(9000, 9010)],
                ExcludeOutboundPorts = [new(443, 443)],
                ExcludeOutboundCidrs = [IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("fd00::/8"), IPNetwork.Parse("192.0.2.1/32")],
                ExcludeInboundPorts = [new(9005, 9005)],
                ExcludeUids = [1000, 0],
                OnlyUids = [1001],
                Mark = 0x1234,
                Uid = 2102,
                Ipv6 = false,
                Source = capture.Source,
            },
            capture);
    }

    [Fact]
    public void All_stands_for_every_inbound_port_and_an_empty_list_for_none()
    {
        var capture = Given.Config("capture: { inbound_ports: all, exclude_outbound_ports: [] }\napp: 127.0.0.1:8080\n").Capture!;
        Assert.Equal([PortRange.All], capture.InboundPorts);
        Assert.Empty(capture.ExcludeOutboundPorts);
    }

    [Theory]
    [InlineData("inbound_ports: [0]", "capture.inbound_ports[0]: '0' is not a port or range; use 1-65535, or a range such as 8000-8010")]
    [InlineData("inbound_ports: [all]", "capture.inbound_ports[0]: 'all' is not a port or range; use 1-65535, or a range such as 8000-8010")]
    [InlineData("exclude_inbound_ports: 9-8", "capture.exclude_inbound_ports: '9-8' is not a port or range; use 1-65535, or a range such as 8000-8010")]
    [InlineData("exclude_outbound_cidrs: [10.0.0.1/8]", "capture.exclude_outbound_cidrs[0]: '10.0.0.1/8' has bits behind its prefix; use 10.0.0.0/8 for the network, or 10.0.0.1 for the address")]
    [InlineData("exclude_outbound_cidrs: orders", "capture.exclude_outbound_cidrs: 'orders' is not a network; use a form such as 10.0.0.0/8, fd00::/8 or 10.1.2.3")]
    [InlineData("exclude_uids: [root]", "capture.exclude_uids[0]: 'root' is not a number of a user; use a uid such as 1337")]
    [InlineData("mark: -1", "capture.mark: '-1' is not a mark; use a number such as 0x50")]
    [InlineData("outbound_port: 65536", "capture.outbound_port: '65536' is out of range; use 0-65535")]
    [InlineData("uid: 0", "capture: would let every process of root pass by; give the sidecar a user of its own")]
    [InlineData("outbound_port: 0", "capture: has nothing to capture; give inbound ports, or an outbound port other than 0")]
    [InlineData("mark: 0", "capture: cannot tell the sidecar's connections from its application's; give a mark or the sidecar's uid")]
    [InlineData("inbound_ports: [15001]", "capture: would capture the sidecar's own port; leave it out of the inbound ports")]
    [InlineData("inbound_prots: 1", "capture.inbound_prots: 'inbound_prots' is not a setting; did you mean 'inbound_ports'?")]
    public void A_mistake_says_what_would_be_right(string setting, string expected) =>
        Assert.EndsWith(expected, Given.Errors($"app: 127.0.0.1:8080\ncapture: {{ {setting} }}\n"));
}
