using Pillion.EndToEnd.Support;
using Xunit;

namespace Pillion.EndToEnd.Capture;

/// <summary>The rules of <c>pillion capture</c> in real network namespaces, before anything of the proxy: who is redirected, and who is not.</summary>
public sealed class CaptureTests : IAsyncLifetime
{
    private const string Outbound = "15001";
    private const string Inbound = "15006";

    private readonly List<Running> _servers = [];
    private Pods _pods = null!;

    public static TheoryData<string, bool> EveryWay => new() { { "nft", false }, { "nft", true }, { "iptables", false }, { "iptables", true } };

    public static TheoryData<string> EveryProgram => ["nft", "iptables"];

    private Pod A => _pods.A;

    private Pod B => _pods.B;

    public async ValueTask InitializeAsync()
    {
        _pods = await Pods.CreateAsync();
        _servers.Add(await A.ServeAsync(80, 15001, 15006));
        _servers.Add(await B.ServeAsync(53, 80, 443, 8080, 8081, 15001, 15006, 15000));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }

        if (_pods is not null)
        {
            await _pods.DisposeAsync();
        }
    }

    [Theory]
    [MemberData(nameof(EveryWay))]
    public async Task An_outbound_connection_is_redirected_and_its_destination_kept(string program, bool isV6)
    {
        Assert.Equal("80", (await A.AskAsync(B.Address(isV6), 80)).Port);
        await A.InstallAsync("--with", program);
        Assert.Equal((Outbound, B.EndPoint(isV6, 80)), await A.AskAsync(B.Address(isV6), 80));
        Assert.Equal((Outbound, B.EndPoint(isV6, 443)), await A.AskAsync(B.Address(isV6), 443, uid: 1000));
        Assert.Equal((Outbound, B.EndPoint(isV6, 9)), await A.AskAsync(B.Address(isV6), 9));
    }

    [Theory]
    [MemberData(nameof(EveryWay))]
    public async Task An_inbound_connection_is_redirected_where_its_port_is_listed(string program, bool isV6)
    {
        await B.InstallAsync("--with", program, "--inbound-ports", "8080,9000-9001", "--outbound-port", "0");
        Assert.Equal((Inbound, B.EndPoint(isV6, 8080)), await A.AskAsync(B.Address(isV6), 8080));
        Assert.Equal((Inbound, B.EndPoint(isV6, 9001)), await A.AskAsync(B.Address(isV6), 9001));
        Assert.Equal(("8081", B.EndPoint(isV6, 8081)), await A.AskAsync(B.Address(isV6), 8081));
        Assert.Equal("80", (await B.AskAsync(A.Address(isV6), 80)).Port);
    }

    [Theory]
    [MemberData(nameof(EveryWay))]
    public async Task Of_all_inbound_ports_the_sidecars_own_and_the_excluded_ones_stay(string program, bool isV6)
    {
        await B.InstallAsync("--with", program, "--inbound-ports", "all", "--exclude-inbound-ports", "443,8081-8090");
        Assert.Equal((Inbound, B.EndPoint(isV6, 80)), await A.AskAsync(B.Address(isV6), 80));
        Assert.Equal((Inbound, B.EndPoint(isV6, 8080)), await A.AskAsync(B.Address(isV6), 8080));
        foreach (var own in (int[])[443, 8081, 15001, 15006])
        {
            Assert.Equal(($"{own}", B.EndPoint(isV6, own)), await A.AskAsync(B.Address(isV6), own));
        }
    }

    [Theory]
    [MemberData(nameof(EveryWay))]
    public async Task What_stays_on_the_machine_is_never_captured(string program, bool isV6)
    {
        await A.InstallAsync("--with", program, "--inbound-ports", "all");
        Assert.Equal("80", (await A.AskAsync(isV6 ? "::1" : "127.0.0.1", 80)).Port);
        Assert.Equal("80", (await A.AskAsync(A.Address(isV6), 80)).Port);
        if (!isV6)
        {
            Assert.Equal("80", (await A.AskAsync("127.8.8.8", 80)).Port);
        }
    }

    [Theory]
    [MemberData(nameof(EveryWay))]
    public async Task The_sidecars_own_connections_pass_by_their_mark_so_that_nothing_loops(string program, bool isV6)
    {
        await A.InstallAsync("--with", program);
        Assert.Equal("80", (await A.AskAsync(B.Address(isV6), 80, mark: "0x50")).Port);
        Assert.Equal(Outbound, (await A.AskAsync(B.Address(isV6), 80, mark: "0x51")).Port);
        await A.InstallAsync("--with", program, "--mark", "0x51");
        Assert.Equal(Outbound, (await A.AskAsync(B.Address(isV6), 80, mark: "0x50")).Port);
        Assert.Equal("80", (await A.AskAsync(B.Address(isV6), 80, mark: "0x51")).Port);
    }

    [Theory]
    [MemberData(nameof(EveryWay))]
    public async Task A_sidecar_without_the_right_to_mark_passes_by_its_user(string program, bool isV6)
    {
        await A.InstallAsync("--with", program, "--uid", "1337");
        Assert.Equal("80", (await A.AskAsync(B.Address(isV6), 80, uid: 1337)).Port);
        Assert.Equal(Outbound, (await A.AskAsync(B.Address(isV6), 80, uid: 1338)).Port);
    }

    [Theory]
    [MemberData(nameof(EveryWay))]
    public async Task Excluded_ports_networks_and_users_pass_by(string program, bool isV6)
    {
        await A.InstallAsync("--with", program);
        Assert.Equal("53", (await A.AskAsync(B.Address(isV6), 53)).Port);
        await A.InstallAsync("--with", program, "--exclude-outbound-ports", "443,8000-8080", "--exclude-uids", "1000,1001");
        Assert.Equal("443", (await A.AskAsync(B.Address(isV6), 443)).Port);
        Assert.Equal("8080", (await A.AskAsync(B.Address(isV6), 8080)).Port);
        Assert.Equal(Outbound, (await A.AskAsync(B.Address(isV6), 8081)).Port);
        Assert.Equal(Outbound, (await A.AskAsync(B.Address(isV6), 53)).Port);
        Assert.Equal("80", (await A.AskAsync(B.Address(isV6), 80, uid: 1001)).Port);
        Assert.Equal(Outbound, (await A.AskAsync(B.Address(isV6), 80, uid: 1002)).Port);
        await A.InstallAsync("--with", program, "--exclude-outbound-cidrs", "10.98.0.0/15,10.99.0.0/24,fd99::/16");
        Assert.Equal("80", (await A.AskAsync(B.Address(isV6), 80)).Port);
    }

    [Theory]
    [MemberData(nameof(EveryWay))]
    public async Task Only_some_users_may_be_captured(string program, bool isV6)
    {
        await A.InstallAsync("--with", program, "--only-uids", "1000,1001");
        Assert.Equal(Outbound, (await A.AskAsync(B.Address(isV6), 80, uid: 1000)).Port);
        Assert.Equal(Outbound, (await A.AskAsync(B.Address(isV6), 80, uid: 1001)).Port);
        Assert.Equal("80", (await A.AskAsync(B.Address(isV6), 80, uid: 1002)).Port);
        Assert.Equal("80", (await A.AskAsync(B.Address(isV6), 80)).Port);
    }

    [Theory]
    [MemberData(nameof(EveryProgram))]
    public async Task Without_ipv6_only_ipv4_is_captured(string program)
    {
        await A.InstallAsync("--with", program);
        Assert.Equal(Outbound, (await A.AskAsync(B.Address6, 80)).Port);
        await A.InstallAsync("--with", program, "--no-ipv6");
        Assert.Equal("80", (await A.AskAsync(B.Address6, 80)).Port);
        Assert.Equal(Outbound, (await A.AskAsync(B.Address4, 80)).Port);
    }

    [Theory]
    [MemberData(nameof(EveryProgram))]
    public async Task Installing_again_replaces_and_removing_restores(string program)
    {
        await A.InstallAsync("--with", program, "--exclude-outbound-ports", "80");
        await A.InstallAsync("--with", program);
        var first = await RulesAsync(A);
        await A.InstallAsync("--with", program);
        Assert.Equal(first, await RulesAsync(A));
        Assert.Equal(Outbound, (await A.AskAsync(B.Address4, 80)).Port);
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(0, (await A.CaptureAsync("remove")).Code);
            Assert.Equal("80", (await A.AskAsync(B.Address4, 80)).Port);
            Assert.Equal("80", (await A.AskAsync(B.Address6, 80)).Port);
            Assert.DoesNotContain("pillion", await RulesAsync(A), StringComparison.OrdinalIgnoreCase);
        }
    }

    [Theory]
    [InlineData("nft", "iptables")]
    [InlineData("iptables", "nft")]
    public async Task The_rules_of_one_program_take_the_place_of_the_others(string before, string after)
    {
        await A.InstallAsync("--with", before, "--outbound-port", "15006", "--inbound-port", "15007");
        await A.InstallAsync("--with", after);
        var shown = await A.CaptureAsync("show");
        Assert.Contains($"installed by {after}", shown.Out);
        Assert.DoesNotContain($"installed by {before}", shown.Out);
        Assert.Equal(Outbound, (await A.AskAsync(B.Address4, 80)).Port);
    }

    [Theory]
    [MemberData(nameof(EveryProgram))]
    public async Task Show_says_what_is_installed_and_how_many_connections_met_it(string program)
    {
        var none = await A.CaptureAsync("show");
        Assert.Equal((1, "capture is not installed\n"), (none.Code, none.Out));
        await A.InstallAsync("--with", program, "--inbound-ports", "80", "--uid", "1337");
        for (var i = 0; i < 3; i++)
        {
            await A.AskAsync(B.Address(isV6: i == 1), 80);
        }

        await A.AskAsync(B.Address4, 80, mark: "0x50");
        await A.AskAsync(B.Address4, 80, uid: 1337);
        await B.AskAsync(A.Address4, 80);
        var shown = await A.CaptureAsync("show");
        Assert.Equal(0, shown.Code);
        Assert.StartsWith($"capture is installed by {program}\n  outbound  3 redirected\n  inbound   1 redirected\n  own       2 of the sidecar itself, passed by\n\n", shown.Out);
        Assert.Contains("15001", shown.Out);
    }

    [Fact]
    public async Task What_a_dry_run_prints_is_what_is_loaded()
    {
        string[] options = ["--inbound-ports", "80,9000-9010", "--exclude-uids", "5", "--exclude-outbound-cidrs", "192.0.2.0/24"];
        var printed = await A.CaptureAsync(["install", "--dry-run", .. options]);
        Assert.Equal("capture is not installed\n", (await A.CaptureAsync("show")).Out);
        using var directory = new TempDirectory();
        Assert.Equal(0, (await A.RunAsync(Peers.Need("nft"), ["-f", directory.Write("rules", printed.Out)])).Code);
        var loaded = await RulesAsync(A);
        await A.InstallAsync(options);
        Assert.Equal(loaded, await RulesAsync(A));
        var removal = await A.CaptureAsync("remove", "--dry-run");
        Assert.Equal(loaded, await RulesAsync(A));
        Assert.StartsWith("add table inet pillion\ndelete table inet pillion\n", removal.Out);
    }

    [Fact]
    public async Task Rules_of_others_stay_as_they_are()
    {
        Assert.Equal(0, (await A.RunAsync(Peers.Need("nft"), ["add table inet others; add chain inet others c { type filter hook output priority 0; }"])).Code);
        foreach (var family in (string[])["iptables", "ip6tables"])
        {
            foreach (var chain in (string[])["OUTPUT", "PREROUTING"])
            {
                Assert.Equal(0, (await A.RunAsync(Peers.Need(family), ["-t", "nat", "-A", chain, "-p", "tcp", "--dport", "7", "-j", "RETURN"])).Code);
            }
        }

        var before = await RulesAsync(A);
        foreach (var program in (string[])["nft", "iptables"])
        {
            await A.InstallAsync("--with", program, "--inbound-ports", "all");
            Assert.Contains("table inet others", await RulesAsync(A));
            Assert.Equal(0, (await A.CaptureAsync("remove")).Code);
            Assert.Equal(before, await RulesAsync(A));
        }
    }

    [Fact]
    public async Task The_capture_section_of_a_file_is_used_and_the_command_line_says_otherwise()
    {
        using var directory = new TempDirectory();
        var file = directory.Write("p.yaml", """
            app: 127.0.0.1:8080
            admin: 0.0.0.0:15000
            capture: { inbound_ports: all, exclude_outbound_ports: [80], exclude_outbound_cidrs: 192.0.2.0/24 }
            """);
        await B.InstallAsync("-c", file);
        Assert.Equal(Inbound, (await A.AskAsync(B.Address4, 8080)).Port);
        Assert.Equal("15000", (await A.AskAsync(B.Address4, 15000)).Port);
        Assert.Equal("80", (await B.AskAsync(A.Address4, 80)).Port);
        await B.InstallAsync("-c", file, "--exclude-outbound-ports", "", "--inbound-ports", "80");
        Assert.Equal("8080", (await A.AskAsync(B.Address4, 8080)).Port);
        Assert.Equal(Outbound, (await B.AskAsync(A.Address4, 80)).Port);
        directory.Write("p.yaml", "app: 127.0.0.1:8080\ncapture: { inbound_ports: [70000], zz: 1 }\n");
        var refused = await B.CaptureAsync("install", "-c", file);
        Assert.Equal(1, refused.Code);
        Assert.Contains("p.yaml:2:28: capture.inbound_ports[0]: ", refused.Error);
        Assert.Contains("capture.zz", refused.Error);
    }

    [Theory]
    [InlineData("install")]
    [InlineData("remove")]
    [InlineData("show")]
    public async Task Without_the_right_one_sentence_says_what_to_do(string action)
    {
        using var directory = new TempDirectory();
        var result = await A.RunAsync(Peers.Pillion, ["capture", action], uid: 65534);
        Assert.SkipWhen(result.Error.Contains("Permission denied") && result.Code == 127, "the binary is not readable for others here");
        Assert.Equal(1, result.Code);
        Assert.Equal("pillion: changing the packet filter takes CAP_NET_ADMIN: run it as root, or give the container the capability NET_ADMIN\n", result.Error);
    }

    [Theory]
    [MemberData(nameof(EveryProgram))]
    public async Task Connections_that_were_open_before_are_left_alone(string program)
    {
        await using var holder = B.Start(Peers.Need("python3"), ["-c", """
            import socket
            s = socket.create_server(("", 7000))
            print("listening", flush=True)
            c, _ = s.accept()
            while data := c.recv(100):
                c.sendall(data)
            """]);
        await Eventually.IsTrue(() => holder.Out.Contains("listening"), "the echo to listen");
        await using var client = A.Start(Peers.Need("python3"), ["-c", """
            import socket, sys, time
            s = socket.create_connection((sys.argv[1], 7000))
            while True:
                s.sendall(b"x")
                print(s.recv(1).decode(), end="", flush=True)
                time.sleep(0.02)
            """, B.Address4]);
        await Eventually.IsTrue(() => client.Out.Length > 0, "the first echo");
        await A.InstallAsync("--with", program);
        await B.InstallAsync("--with", program, "--inbound-ports", "all");
        var now = client.Out.Length;
        await Eventually.IsTrue(() => client.Out.Length > now + 5, "echoes to go on");
        Assert.False(client.HasExited, client.Error);
    }

    // Everything that is in the kernel, without what the counters say.
    private static async Task<string> RulesAsync(Pod pod)
    {
        var nft = await pod.RunAsync(Peers.Need("nft"), ["-s", "list", "ruleset"]);
        Assert.True(nft.Code == 0, nft.ToString());
        return nft.Out;
    }
}
