using Pillion.EndToEnd.Support;
using Xunit;

namespace Pillion.EndToEnd.Lifecycle;

/// <summary><c>pillion run -- APP</c>: start, signals, exit codes, and what happens when one of the two is killed.</summary>
public sealed class OwnApplicationTests
{
    [Fact]
    public async Task The_application_starts_once_the_sidecar_is_up_and_its_exit_code_is_ours()
    {
        var port = Ports.Next();
        Peers.Need("curl");
        await using var sidecar = Run(port, "/bin/sh", "-c", $"curl -sS http://127.0.0.1:{port}/ > answer && echo \"$1\" >> answer; exit 7", "sh", "an argument with 'quotes' and --flags");
        var result = await sidecar.Process.EndAsync();
        Assert.True(result.Code == 7, result.ToString());
        Assert.Equal("served\nan argument with 'quotes' and --flags\n", await File.ReadAllTextAsync(sidecar.Directory["answer"]));
        Assert.Contains("the application ended with", result.Error);
    }

    [Theory]
    [InlineData("no-such-program-anywhere", 127, "not found in PATH")]
    [InlineData("./no-such-file", 127, "no such file")]
    [InlineData("/etc/passwd", 126, "not an executable file")]
    [InlineData("/tmp", 126, "cannot start '/tmp'")]
    public async Task An_application_that_cannot_start_is_one_line_and_a_shells_exit_code(string program, int code, string expected)
    {
        await using var sidecar = Run(Ports.Next(), program);
        var result = await sidecar.Process.EndAsync();
        Assert.True(result.Code == code, result.ToString());
        Assert.Contains(expected, result.Error);
    }

    [Fact]
    public async Task A_killed_application_ends_the_sidecar_with_137()
    {
        await using var sidecar = Run(Ports.Next(), "/bin/sh", "-c", "echo $$ > pid.new; mv pid.new pid; exec sleep 600");
        var application = await PidAsync(sidecar);
        Signals.Send(application, Signals.Kill);
        var result = await sidecar.Process.EndAsync();
        Assert.True(result.Code == 137, result.ToString());
    }

    /// <summary>Documented at OwnApplication: the application lives on, as a container lives on when its neighbour dies.</summary>
    [Fact]
    public async Task A_killed_sidecar_leaves_the_application_running()
    {
        await using var sidecar = Run(Ports.Next(), "/bin/sh", "-c", "echo $$ > pid.new; mv pid.new pid; exec sleep 600");
        var application = await PidAsync(sidecar);
        try
        {
            sidecar.Process.Signal(Signals.Kill);
            Assert.Equal(137, (await sidecar.Process.EndAsync()).Code);
            Assert.True(Signals.IsAlive(application));
        }
        finally
        {
            Signals.Send(application, Signals.Kill);
        }
    }

    [Theory]
    [InlineData(Signals.Terminate, "TERM")]
    [InlineData(Signals.Interrupt, "INT")]
    public async Task A_signal_to_stop_is_passed_on_and_the_applications_code_is_ours(int signal, string name)
    {
        await using var sidecar = Run(Ports.Next(), "/bin/sh", "-c", $"trap 'echo {name} > got; exit 3' {name}; echo $$ > pid.new; mv pid.new pid; while :; do sleep 0.05; done");
        await PidAsync(sidecar);
        sidecar.Process.Signal(signal);
        var result = await sidecar.Process.EndAsync();
        Assert.True(result.Code == 3, result.ToString());
        Assert.Equal(name + "\n", await File.ReadAllTextAsync(sidecar.Directory["got"]));
    }

    [Fact]
    public async Task SIGUSR1_and_SIGUSR2_are_the_applications_and_SIGHUP_is_not()
    {
        await using var sidecar = Run(Ports.Next(), "/bin/sh", "-c", "for s in HUP USR1 USR2; do trap \"echo $s >> got\" $s; done; echo $$ > pid.new; mv pid.new pid; while :; do sleep 0.05; done");
        await PidAsync(sidecar);
        sidecar.Process.Signal(Signals.Hangup);
        await Eventually.IsTrue(() => sidecar.Log.Contains("says what is running already"), "the reload");
        sidecar.Process.Signal(Signals.User1);
        await Eventually.IsTrue(() => File.Exists(sidecar.Directory["got"]) && File.ReadAllText(sidecar.Directory["got"]) == "USR1\n", "USR1");
        sidecar.Process.Signal(12);
        await Eventually.IsTrue(() => File.ReadAllText(sidecar.Directory["got"]) == "USR1\nUSR2\n", "USR2");
    }

    [Fact]
    public async Task An_application_that_ignores_SIGTERM_is_killed_with_what_it_started_within_the_grace_period()
    {
        await using var sidecar = Run(Ports.Next(), "/bin/sh", "-c", "trap '' TERM; sleep 600 & echo $! > pid.new; mv pid.new pid; while :; do sleep 0.05; done");
        var grandchild = await PidAsync(sidecar);
        var result = await sidecar.StopAsync();
        Assert.True(result.Code == 137, result.ToString());
        await Eventually.IsTrue(() => !Signals.IsAlive(grandchild), "the application's own child to be gone");
    }

    [Fact]
    public async Task Outbound_stays_open_while_the_application_ends()
    {
        await using var payments = TestApp.Start("payments");
        var outbound = Ports.Next();
        Peers.Need("curl");
        await using var sidecar = Sidecar.Launch(new SidecarOptions
        {
            Config = $$"""
                outbound: { address: "127.0.0.1:{{outbound}}", services: { payments: { endpoints: ["127.0.0.1:{{payments.Port}}"] } } }
                lifecycle: { grace_period: 15s }
                """,
            Application = ["/bin/sh", "-c", $"trap 'sleep 1.5; curl -sS http://127.0.0.1:{outbound}/proxy/payments/last > last; exit 0' TERM; echo $$ > pid.new; mv pid.new pid; while :; do sleep 0.05; done"],
        });
        await PidAsync(sidecar);
        var result = await sidecar.StopAsync();
        Assert.True(result.Code == 0, result.ToString());
        Assert.Equal("payments GET /last", await File.ReadAllTextAsync(sidecar.Directory["last"]));
    }

    [Fact]
    public async Task As_PID_1_it_reaps_orphans_and_ends_with_the_applications_code()
    {
        var unshare = Peers.Need("unshare");
        Assert.SkipUnless((await Running.ToEndAsync(unshare, ["--pid", "--fork", "--mount-proc", "true"])).Code == 0, "this user may not make a PID name space");
        using var directory = new TempDirectory();
        directory.Write("pillion.yaml", "outbound: { address: \"127.0.0.1:" + Ports.Next() + "\" }\n");

        // Orphans whose parent has ended before them; nobody but PID 1 can wait for them.
        directory.Write("app.sh", """
            [ "$(cat /proc/1/comm)" = pillion ] || exit 90
            for i in 1 2 3 4 5; do sh -c 'sleep 0.2 & sleep 0.1 &' ; done
            for tries in $(seq 100); do
              sleep 0.1
              left=$(cat /proc/[0-9]*/stat 2>/dev/null | grep -c '(sleep)')
              [ "$tries" -gt 5 ] && [ "$left" -eq 0 ] && exit 42
            done
            cat /proc/[0-9]*/stat
            exit 91
            """);
        var result = await Running.ToEndAsync(
            unshare,
            ["--pid", "--fork", "--mount-proc", Peers.Pillion, "run", "-c", directory["pillion.yaml"], "--admin", "unix:" + directory["a.sock"], "--", "/bin/sh", directory["app.sh"]],
            directory.Path);
        Assert.True(result.Code == 42, result.ToString());
    }

    private static Sidecar Run(int port, params string[] application) => Sidecar.Launch(new SidecarOptions
    {
        Config = $$"""
            inbound: { address: "127.0.0.1:{{port}}", routes: [ { prefix: /, respond: { status: 200, body: "served\n" } } ] }
            outbound: off
            lifecycle: { grace_period: 4s }
            """,
        Application = application,
    });

    private static async Task<int> PidAsync(Sidecar sidecar)
    {
        await Eventually.IsTrue(() => File.Exists(sidecar.Directory["pid"]) || (sidecar.Process.HasExited ? throw new InvalidOperationException(sidecar.Log) : false), "the application to start");
        return int.Parse(await File.ReadAllTextAsync(sidecar.Directory["pid"]), System.Globalization.CultureInfo.InvariantCulture);
    }
}
