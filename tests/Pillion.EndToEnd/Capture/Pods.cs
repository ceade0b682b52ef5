using System.Globalization;
using Pillion.EndToEnd.Support;
using Xunit;

namespace Pillion.EndToEnd.Capture;

/// <summary>
/// Two network namespaces with a cable between them (a veth pair), of this test alone and removed with it. What a run that was killed left behind is
/// removed before. Where namespaces may not be made, the test is skipped and says so.
/// </summary>
internal sealed class Pods : IAsyncDisposable
{
    private const string Prefix = "pe2e-";

    private static readonly Lazy<Task> Swept = new(SweepAsync);
    private static int _last;

    private Pods(Pod a, Pod b) => (A, B) = (a, b);

    /// <summary>The client's.</summary>
    public Pod A { get; }

    /// <summary>The server's.</summary>
    public Pod B { get; }

    public static async Task<Pods> CreateAsync()
    {
        Peers.Need("ip");
        Peers.Need("nft");
        Peers.Need("iptables-restore");
        Peers.Need("python3");
        Peers.Need("setpriv");
        await Swept.Value;

        var number = Interlocked.Increment(ref _last);
        var name = $"{Prefix}{Environment.ProcessId}-{number}";
        var pods = new Pods(new Pod(name + "a", "10.99.0.1", "fd99::1"), new Pod(name + "b", "10.99.0.2", "fd99::2"));
        var added = await IpAsync("netns", "add", pods.A.Name);
        Assert.SkipUnless(added.Code == 0, $"network namespaces may not be made here: {added.Error.Trim()}");
        try
        {
            await MustAsync("netns", "add", pods.B.Name);
            await MustAsync("link", "add", "eth0", "netns", pods.A.Name, "type", "veth", "peer", "name", "eth0", "netns", pods.B.Name);
            foreach (var pod in (Pod[])[pods.A, pods.B])
            {
                await MustAsync("-n", pod.Name, "link", "set", "lo", "up");
                await MustAsync("-n", pod.Name, "link", "set", "eth0", "up");
                await MustAsync("-n", pod.Name, "address", "add", pod.Address4 + "/24", "dev", "eth0");
                await MustAsync("-n", pod.Name, "address", "add", pod.Address6 + "/64", "dev", "eth0", "nodad");
            }

            return pods;
        }
        catch
        {
            await pods.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await RemoveAsync(A.Name);
        await RemoveAsync(B.Name);
    }

    // Named after the process that made them: whose process is gone, those are nobody's.
    private static async Task SweepAsync()
    {
        foreach (var line in (await IpAsync("netns", "list")).Out.Split('\n'))
        {
            var name = line.Split(' ')[0];
            if (name.StartsWith(Prefix, StringComparison.Ordinal)
                && int.TryParse(name.AsSpan(Prefix.Length, Math.Max(0, name.LastIndexOf('-') - Prefix.Length)), NumberStyles.None, CultureInfo.InvariantCulture, out var owner)
                && !Directory.Exists($"/proc/{owner}"))
            {
                await RemoveAsync(name);
            }
        }
    }

    private static async Task RemoveAsync(string name)
    {
        foreach (var pid in (await IpAsync("netns", "pids", name)).Out.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            Signals.Send(int.Parse(pid, CultureInfo.InvariantCulture), Signals.Kill);
        }

        await IpAsync("netns", "delete", name);
    }

    private static Task<Result> IpAsync(params string[] arguments) => Running.ToEndAsync(Peers.Need("ip"), arguments);

    private static async Task MustAsync(params string[] arguments)
    {
        var result = await IpAsync(arguments);
        Assert.True(result.Code == 0, $"ip {string.Join(' ', arguments)}: {result}");
    }
}
