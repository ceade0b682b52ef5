using Microsoft.Extensions.Logging.Abstractions;
using Pillion.Reload;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Program;

public sealed class ConfigReloaderTests
{
    private readonly List<string> _applied = [];
    private LoadResult<string> _file = new("one", []);
    private IReadOnlyList<string> _refusal = [];

    [Fact]
    public async Task A_good_file_runs()
    {
        using var reloader = Reloader();
        Assert.True(await reloader.ReloadAsync(default));
        Assert.Equal("one", reloader.Running);
        Assert.Equal((1, 0), (reloader.Status.Succeeded, reloader.Status.Failed));
    }

    [Fact]
    public async Task A_file_with_mistakes_leaves_the_old_one_running_and_all_are_shown()
    {
        using var reloader = Reloader();
        await reloader.ReloadAsync(default);
        _file = new(null, ["a.yaml:1:1: first", "a.yaml:2:1: second"]);
        Assert.False(await reloader.ReloadAsync(default));
        Assert.Equal("one", reloader.Running);
        Assert.Equal(["a.yaml:1:1: first", "a.yaml:2:1: second"], reloader.Status.Mistakes);
        Assert.Equal(["one"], _applied);
    }

    [Fact]
    public async Task What_cannot_be_prepared_is_refused_like_a_mistake_in_the_file()
    {
        using var reloader = Reloader();
        await reloader.ReloadAsync(default);
        _file = new("two", []);
        _refusal = ["port in use"];
        Assert.False(await reloader.ReloadAsync(default));
        Assert.Equal("one", reloader.Running);
        Assert.Equal(["port in use"], reloader.Status.Mistakes);
    }

    [Fact]
    public async Task Correcting_the_file_clears_the_mistakes_without_applying_what_runs_already()
    {
        using var reloader = Reloader();
        await reloader.ReloadAsync(default);
        _file = new(null, ["wrong"]);
        await reloader.ReloadAsync(default);
        _file = new("one", []);
        Assert.True(await reloader.ReloadAsync(default));
        Assert.Empty(reloader.Status.Mistakes);
        Assert.Null(reloader.Status.RefusedAt);
        Assert.Equal(["one"], _applied);
        Assert.Equal((2, 1), (reloader.Status.Succeeded, reloader.Status.Failed));
    }

    [Fact]
    public async Task What_is_asked_for_during_a_reload_is_done_once_after_it()
    {
        var gate = new TaskCompletionSource();
        var loads = 0;
        using var reloader = new ConfigReloader<string>(
            "a.yaml",
            _ => new($"{++loads}", []),
            async (_, _) =>
            {
                await gate.Task;
                return [];
            },
            new ManualTimeProvider(),
            NullLogger.Instance);
        var first = reloader.ReloadAsync(default);
        var second = reloader.ReloadAsync(default);
        Assert.False(await reloader.ReloadAsync(default));
        gate.SetResult();
        await Task.WhenAll(first, second);
        Assert.Equal(2, loads);
        Assert.Equal("2", reloader.Running);
    }

    private ConfigReloader<string> Reloader() => new(
        "a.yaml",
        _ => _file,
        (config, _) =>
        {
            if (_refusal.Count == 0)
            {
                _applied.Add(config);
            }

            return Task.FromResult(_refusal);
        },
        new ManualTimeProvider(),
        NullLogger.Instance);
}
