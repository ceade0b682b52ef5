using Pillion.Core.Configuration.Files;
using Pillion.Net.Posix;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Core.Configuration;

public sealed class FileWatchTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("pillion-watch-").FullName;
    private readonly ManualTimeProvider _clock = new();

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void A_change_counts_once_when_the_file_keeps_still()
    {
        var file = Write("a.yaml", "one");
        var watch = Watch(file);
        Assert.False(watch.Look());
        File.WriteAllText(file, "one and a half");
        Assert.False(watch.Look());
        File.WriteAllText(file, "one, two and more");
        Assert.False(watch.Look());
        Assert.True(watch.Look());
        Assert.False(watch.Look());
    }

    [Fact]
    public async Task The_atomic_swap_of_a_mounted_ConfigMap_is_a_change()
    {
        // As the kubelet lays it out: config.yaml -> ..data/config.yaml, ..data -> ..<time>.
        Directory.CreateDirectory(Path.Combine(_directory, "..1"));
        Directory.CreateDirectory(Path.Combine(_directory, "..2"));
        var first = Write("..1/config.yaml", "same size A");
        var second = Write("..2/config.yaml", "same size B");
        File.SetLastWriteTimeUtc(second, File.GetLastWriteTimeUtc(first));
        File.CreateSymbolicLink(Path.Combine(_directory, "..data"), "..1");
        File.CreateSymbolicLink(Path.Combine(_directory, "config.yaml"), "..data/config.yaml");
        var watch = Watch(Path.Combine(_directory, "config.yaml"));
        Assert.False(watch.Look());

        File.CreateSymbolicLink(Path.Combine(_directory, "..data_tmp"), "..2");
        await RenameAsync("..data_tmp", "..data");
        Assert.False(watch.Look());
        Assert.True(watch.Look());
    }

    [Fact]
    public void An_editor_that_removes_and_renames_makes_one_change()
    {
        var file = Write("a.yaml", "one");
        var watch = Watch(file);
        File.Delete(file);
        Assert.False(watch.Look());
        Assert.False(watch.Look());
        File.Move(Write("a.yaml~", "another"), file);
        Assert.False(watch.Look());
        Assert.True(watch.Look());
        Assert.False(watch.Look());
    }

    [Fact]
    public void What_was_accepted_is_no_change()
    {
        var file = Write("a.yaml", "one");
        var watch = Watch(file);
        File.WriteAllText(file, "two words");
        watch.Accept();
        Assert.False(watch.Look());
        Assert.False(watch.Look());
    }

    [Fact]
    public void A_loop_of_links_is_a_missing_file()
    {
        File.CreateSymbolicLink(Path.Combine(_directory, "a"), "b");
        File.CreateSymbolicLink(Path.Combine(_directory, "b"), "a");
        Assert.Equal(FileStamp.Missing, FileStamp.Of(Path.Combine(_directory, "a")));
    }

    [Fact]
    public async Task It_looks_once_per_interval_of_its_clock()
    {
        var file = Write("a.yaml", "one");
        var watch = Watch(file);
        var changes = 0;
        using var stop = new CancellationTokenSource();
        var running = watch.RunAsync(
            () =>
            {
                Interlocked.Increment(ref changes);
                return Task.CompletedTask;
            },
            stop.Token);
        File.WriteAllText(file, "two words");
        for (var second = 1; second <= 3; second++)
        {
            await Eventually.IsAsync(() => _clock.HasTimerAt(TimeSpan.FromSeconds(second)));
            _clock.Advance(TimeSpan.FromSeconds(1));
        }

        await Eventually.IsAsync(() => _clock.HasTimerAt(TimeSpan.FromSeconds(4)));
        Assert.Equal(1, changes);
        await stop.CancelAsync();
        await running;
    }

    // rename(2), as the kubelet does it; .NET would follow the link.
    private async Task RenameAsync(string from, string to)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        using var processes = new ChildProcesses(reapOrphans: false);
        var move = processes.Start(new SpawnOptions { Command = ["mv", "-T", Path.Combine(_directory, from), Path.Combine(_directory, to)] });
        Assert.Equal(0, (await move.Child!.Exited).Code);
    }

    private FileWatch Watch(string path) => new(path, TimeSpan.FromSeconds(1), _clock);

    private string Write(string name, string text)
    {
        var path = Path.Combine(_directory, name);
        File.WriteAllText(path, text);
        return path;
    }
}
