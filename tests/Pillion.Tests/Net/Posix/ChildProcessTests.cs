using System.Runtime.Versioning;
using Pillion.Net.Posix;
using Xunit;

namespace Pillion.Tests.Net.Posix;

[UnsupportedOSPlatform("windows")]
public sealed class ChildProcessTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly ChildProcesses _processes = new(reapOrphans: false);

    public void Dispose() => _processes.Dispose();

    [Theory]
    [InlineData("exit 0", 0)]
    [InlineData("exit 7", 7)]
    [InlineData("exit 255", 255)]
    [InlineData("kill -TERM $$", 143)]
    [InlineData("kill -KILL $$", 137)]
    public async Task The_exit_code_is_the_shells(string script, int code)
    {
        var child = Start(script);
        Assert.Equal(code, (await child.Exited.WaitAsync(Patience)).Code);
    }

    [Fact]
    public async Task Many_at_once_each_get_their_own_status()
    {
        var children = Enumerable.Range(0, 40).Select(i => (Code: i, Child: Start($"exit {i}"))).ToList();
        foreach (var (code, child) in children)
        {
            Assert.Equal(code, (await child.Exited.WaitAsync(Patience)).Code);
        }
    }

    [Fact]
    public async Task A_signal_reaches_a_child_that_traps_it()
    {
        var ready = Path.GetTempFileName();
        File.Delete(ready);
        var child = Start($"trap 'exit 5' USR1; : > {ready}; while :; do :; done");
        await Support.Eventually.IsAsync(() => File.Exists(ready));
        Assert.True(child.Signal(PosixSignals.User1));
        Assert.Equal(5, (await child.Exited.WaitAsync(Patience)).Code);
        Assert.False(child.Signal(PosixSignals.User1));
        File.Delete(ready);
    }

    [Fact]
    public async Task Broken_pipes_end_a_child_as_they_would_without_us()
    {
        // .NET ignores SIGPIPE; a child that inherited that would print an error in its place.
        var child = Start("kill -PIPE $$; exit 0");
        Assert.Equal(128 + PosixSignals.Pipe, (await child.Exited.WaitAsync(Patience)).Code);
    }

    [Fact]
    public async Task Killing_takes_along_what_the_child_started()
    {
        var file = Path.GetTempFileName();
        var child = Start($"sleep 1000 & echo $! > {file}.pid; mv {file}.pid {file}; wait");
        await Support.Eventually.IsAsync(() => int.TryParse(File.ReadAllText(file), out _));
        var grandchild = int.Parse(File.ReadAllText(file));
        child.Kill();
        Assert.Equal(137, (await child.Exited.WaitAsync(Patience)).Code);
        await Support.Eventually.IsAsync(() => !IsRunning(grandchild));
        File.Delete(file);
    }

    [Theory]
    [InlineData("/nope/nothing", 2)]
    [InlineData("no-such-program-anywhere", 2)]
    [InlineData("/etc/passwd", 13)]
    public void What_cannot_be_started_gives_the_systems_error(string program, int error)
    {
        var result = _processes.Start(new SpawnOptions { Command = [program] });
        Assert.Null(result.Child);
        Assert.Equal(error, result.Error);
    }

    [Fact]
    public void The_environment_is_passed_byte_for_byte()
    {
        byte[] block = [.. "A=1"u8, 0, .. "B="u8, 0xff, 0xfe, 0];
        Assert.Equal([[.. "A=1"u8], [.. "B="u8, 0xff, 0xfe]], OwnEnvironment.Split(block));
    }

    private ChildProcess Start(string script) =>
        _processes.Start(new SpawnOptions { Command = ["/bin/sh", "-c", script], OwnGroup = true }).Child ?? throw new InvalidOperationException("no shell");

    // A zombie whose new parent has not collected it yet is not running.
    private static bool IsRunning(int id)
    {
        try
        {
            return File.ReadAllText($"/proc/{id}/stat").Split(") ")[1][0] != 'Z';
        }
        catch (IOException)
        {
            return false;
        }
    }
}
