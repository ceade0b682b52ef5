using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Pillion.Net.Linux;
using Pillion.Net.Loop;
using Pillion.Net.Sockets;
using Xunit;

namespace Pillion.Tests.Net.Linux;

/// <summary>Original destinations and socket marks against the kernel, in a network namespace that a thread of the test has for itself.</summary>
public sealed partial class RedirectionTests
{
    private const int NewNetworkNamespace = 0x40000000;

    // Addresses that are nobody's but, by their route, this machine's.
    private const string Addresses = """
        ip link set lo up
        ip address add 10.9.9.1/32 dev lo; ip route add 10.9.9.0/24 dev lo
        ip address add fd09::1/128 dev lo nodad; ip route add fd09::/64 dev lo
        """;

    private const string Rules = """
        nft 'table inet t {
          chain c { type nat hook output priority -100; meta mark 0x50 return
            tcp dport 80 redirect to :PORT
          }
        }'
        """;

    [Theory]
    [InlineData("127.0.0.1", "10.9.9.9")]
    [InlineData("::1", "fd09::9")]
    public void A_redirected_connection_tells_where_it_wanted_to_go(string listenOn, string destination) => InNamespace(listenOn, async (network, loop, listener) =>
    {
        var client = (await network.ConnectAsync(loop, EndPoint(destination, 80))).Connection!;
        var server = (await listener.AcceptAsync()).Connection!;
        Assert.Equal(EndPoint(destination, 80).ToString(), server.OriginalDestination()?.ToString());
        client.Close();
        server.Close();
        Assert.Null(server.OriginalDestination());
    });

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public void A_connection_that_was_not_redirected_has_no_other_destination(string listenOn) => InNamespace(listenOn, async (network, loop, listener) =>
    {
        var client = (await network.ConnectAsync(loop, listener.LocalEndPoint)).Connection!;
        var server = (await listener.AcceptAsync()).Connection!;
        Assert.Null(server.OriginalDestination());
        client.Close();
        server.Close();
    });

    [Theory]
    [InlineData("0.0.0.0", "10.9.9.1")]
    [InlineData("::", "fd09::1")]
    public void A_listener_on_every_address_knows_at_which_one_a_connection_arrived(string listenOn, string destination) => InNamespace(listenOn, async (network, loop, listener) =>
    {
        var port = ((IPEndPoint)listener.LocalEndPoint).Port;
        var client = (await network.ConnectAsync(loop, EndPoint(destination, port))).Connection!;
        var server = (await listener.AcceptAsync()).Connection!;
        Assert.Equal(EndPoint(destination, port).ToString(), server.Local.ToString());
        Assert.Null(server.OriginalDestination());
        client.Close();
        server.Close();
    });

    [Fact]
    public void A_marked_connection_is_known_as_the_sidecars_own() => InNamespace("127.0.0.1", async (network, loop, listener) =>
    {
        Assert.True(EpollNetwork.CanMark());
        network.Mark = 0x50;
        Assert.NotEqual(IoError.None, (await network.ConnectAsync(loop, EndPoint("10.9.9.1", 80))).Error);
        Assert.False(network.IsMarkRefused);
        network.Mark = 0x51;
        var client = (await network.ConnectAsync(loop, EndPoint("10.9.9.1", 80))).Connection!;
        (await listener.AcceptAsync()).Connection!.Close();
        client.Close();
    });

    [Fact]
    public void Where_marks_are_refused_connections_are_made_without_and_it_is_remembered() => InNamespace("127.0.0.1", async (network, loop, listener) =>
    {
        DropCapabilities();
        Assert.False(EpollNetwork.CanMark());
        network.Mark = 0x50;
        var client = (await network.ConnectAsync(loop, EndPoint("10.9.9.9", 80))).Connection!;
        (await listener.AcceptAsync()).Connection!.Close();
        client.Close();
        Assert.True(network.IsMarkRefused);
    });

    private static IPEndPoint EndPoint(string address, int port) => new(IPAddress.Parse(address), port);

    private static void InNamespace(string listenOn, Func<EpollNetwork, EventLoop, Listener, Task> body)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "only Linux has network namespaces");
        Assert.SkipUnless(File.Exists("/usr/sbin/nft") && (File.Exists("/usr/sbin/ip") || File.Exists("/sbin/ip")), "'nft' or 'ip' is not installed; ./test.sh installs them where apt may");
        Exception? failure = null;
        var isRefused = false;

        // The thread ends with its namespace, and with the capabilities that it may have dropped.
        var thread = new Thread(() =>
        {
            try
            {
                isRefused = Unshare(NewNetworkNamespace) != 0;
                if (!isRefused)
                {
                    Run(listenOn, body);
                }
            }
            catch (Exception exception)
            {
                failure = exception;
            }
        });
        thread.Start();
        Assert.True(thread.Join(TimeSpan.FromSeconds(30)));
        Assert.SkipWhen(isRefused, "network namespaces may not be made here");
        Assert.True(failure is null, failure?.ToString());
    }

    private static void Run(string listenOn, Func<EpollNetwork, EventLoop, Listener, Task> body)
    {
        var network = new EpollNetwork();
        using var loop = network.CreateLoop(0, TimeProvider.System);
        Task? done = null;
        loop.Post(() => done = RunAsync());
        loop.Post(() => done!.ContinueWith(_ => loop.Stop(), TaskScheduler.Default));
        loop.Run();
        done!.GetAwaiter().GetResult();

        async Task RunAsync()
        {
            Shell(Addresses);
            var listener = network.Listen(loop, EndPoint(listenOn, 0), shared: false).Listener!;
            Shell(Rules.Replace("PORT", $"{((IPEndPoint)listener.LocalEndPoint).Port}"));
            await body(network, loop, listener);
            listener.Close();
        }
    }

    // What this thread starts is in its namespace.
    private static void Shell(string script)
    {
        using var shell = Process.Start("/bin/sh", ["-ec", script]);
        shell.WaitForExit();
        Assert.Equal(0, shell.ExitCode);
    }

    // capset of version 3: two words of each set, all empty; for this thread alone.
    private static unsafe void DropCapabilities()
    {
        var header = stackalloc uint[2] { 0x20080522, 0 };
        var data = stackalloc uint[6];
        Assert.Equal(0, SetCapabilities(header, data));
    }

    [LibraryImport("libc", EntryPoint = "unshare")]
    private static partial int Unshare(int flags);

    [LibraryImport("libc", EntryPoint = "capset")]
    private static unsafe partial int SetCapabilities(uint* header, uint* data);
}
