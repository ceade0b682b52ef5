using System.Runtime.Versioning;
using Pillion.Net.Posix;
using Xunit;

namespace Pillion.Tests.Net.Posix;

/// <summary>The program as PID 1 of a name space of its own; skipped where the system does not permit one.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class InitProcessTests
{
    [Fact]
    public async Task As_PID_1_it_reaps_orphans_and_ends_with_the_applications_code()
    {
        var program = Path.Combine(AppContext.BaseDirectory, "pillion.dll");
        var config = Path.GetTempFileName();
        await File.WriteAllTextAsync(config, "app: 127.0.0.1:1\nadmin: 127.0.0.1:0\ninbound: { address: '127.0.0.1:0' }\noutbound: { address: '127.0.0.1:0' }\n");
        using var processes = new ChildProcesses(reapOrphans: false);
        Assert.SkipUnless((await StartAsync(processes, "unshare", "--fork", "--pid", "--mount-proc", "true")) == 0, "a PID name space is not permitted here");

        // The orphan's parent is gone before it ends; were it not collected, it would stand in the list as a zombie.
        const string script = "(sh -c 'sleep 0.1' & ) ; sleep 0.4; for f in /proc/[0-9]*/stat; do grep -q ') Z ' $f && exit 99; done; exit 6";
        var code = await StartAsync(
            processes, "unshare", "--fork", "--pid", "--mount-proc", "dotnet", program, "run", "-c", config, "--log-level", "off", "--concurrency", "1", "--", "/bin/sh", "-c", script);
        Assert.Equal(6, code);
        File.Delete(config);
    }

    private static async Task<int> StartAsync(ChildProcesses processes, params string[] command)
    {
        var child = processes.Start(new SpawnOptions { Command = command, OwnGroup = true, Silent = true }).Child;
        return child is null ? -1 : (await child.Exited.WaitAsync(TimeSpan.FromSeconds(30))).Code;
    }
}
