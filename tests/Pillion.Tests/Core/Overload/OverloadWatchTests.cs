using Pillion.Core.Lifecycle;
using Pillion.Core.Overload;
using Pillion.Core.Signals.Metrics;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Core.Overload;

public sealed class OverloadWatchTests : IMemoryMeter
{
    private const long MiB = 1 << 20;

    private readonly CollectedLogger _logger = new();
    private readonly Lifecycle _lifecycle;
    private readonly MetricRegistry _metrics;
    private readonly OverloadWatch _watch;
    private readonly List<OverloadActions> _shed = [];
    private long _process = 10 * MiB;
    private MemoryUse _group;
    private int _collections;

    public OverloadWatchTests()
    {
        var clock = new ManualTimeProvider();
        _lifecycle = new Lifecycle(clock);
        _metrics = new MetricRegistry(1, clock);
        _watch = new OverloadWatch(this, _metrics, _lifecycle, clock, _logger) { Shedding = _shed.Add, Collect = () => _collections++ };
        _watch.Apply(new() { MemoryBytes = 100 * MiB });
        _lifecycle.AddCondition("listeners", "").Meet();
    }

    [Theory]
    [InlineData(79, "")]
    [InlineData(80, "mirrors")]
    [InlineData(85, "mirrors, debug logs, garbage")]
    [InlineData(90, "mirrors, debug logs, garbage, idle connections, new connections")]
    [InlineData(95, "mirrors, debug logs, garbage, idle connections, new connections, new requests")]
    [InlineData(200, "mirrors, debug logs, garbage, idle connections, new connections, new requests")]
    public void The_nearer_the_ceiling_the_more_is_given_up_the_least_important_first(int megabytes, string expected)
    {
        Measure(megabytes);
        Assert.Equal(expected, OverloadWords.Of(_watch.State.Actions));
    }

    [Fact]
    public void It_is_given_up_at_once_and_taken_up_again_when_memory_stays_lower()
    {
        Measure(91);
        Assert.True(_watch.State.Sheds(OverloadActions.Connections));
        Measure(86);
        Measure(86);
        Assert.True(_watch.State.Sheds(OverloadActions.Connections));
        Measure(84);
        Measure(84);
        Measure(91);
        for (var i = 0; i < 4; i++)
        {
            Measure(84);
            Assert.True(_watch.State.Sheds(OverloadActions.Connections));
        }

        Measure(84);
        Assert.Equal("mirrors, debug logs, garbage", OverloadWords.Of(_watch.State.Actions));
        for (var i = 0; i < 5; i++)
        {
            Measure(10);
        }

        Assert.Equal(OverloadActions.None, _watch.State.Actions);
    }

    [Fact]
    public void Each_change_is_one_line_and_what_lasts_is_none()
    {
        for (var i = 0; i < 10; i++)
        {
            Measure(91);
        }

        for (var i = 0; i < 10; i++)
        {
            Measure(1);
        }

        Assert.Equal(
            [
                "memory is short, 91 % of 100MiB in use: gives up mirrors, debug logs, garbage, idle connections, new connections",
                "memory is no longer short, 1 % of 100MiB in use",
            ],
            _logger.Lines.Select(line => line.Text));
        Assert.Equal(1, _collections);
    }

    [Fact]
    public void It_is_not_ready_while_new_connections_are_refused()
    {
        Assert.True(_lifecycle.IsReady);
        Measure(89);
        Assert.True(_lifecycle.IsReady);
        Measure(90);
        Assert.False(_lifecycle.IsReady);
        Assert.Equal(["memory: 90 % of 100MiB in use: new connections are refused"], _lifecycle.Reasons());
        for (var i = 0; i < 5; i++)
        {
            Measure(1);
        }

        Assert.True(_lifecycle.IsReady);
    }

    [Fact]
    public void Metrics_say_how_much_there_is_and_what_is_given_up()
    {
        Measure(80);
        var families = _metrics.Collect().ToDictionary(family => (family.Scope.Name, family.Name));
        Assert.Equal(80 * MiB, families[("overload", "memory_used_bytes")].Series[0].Value);
        Assert.Equal(100 * MiB, families[("overload", "memory_ceiling_bytes")].Series[0].Value);
        Assert.Equal(1, families[("overload", "active")].Series.Single(series => series.LabelValue == "mirrors").Value);
        Assert.Equal(0, families[("overload", "active")].Series.Single(series => series.LabelValue == "requests").Value);
    }

    [Fact]
    public void Without_a_setting_the_ceiling_is_a_share_of_the_group_s_limit_and_without_a_limit_there_is_none()
    {
        _watch.Apply(new());
        Measure(1000);
        Assert.Equal(OverloadActions.None, _watch.State.Actions);
        _group = new(96 * MiB, 100 * MiB);
        Measure(1);
        Assert.Equal(OverloadActions.Requests, _watch.State.Actions & OverloadActions.Requests);
    }

    [Fact]
    public void A_group_s_use_leaves_out_files_that_were_read_and_its_limit_may_stand_above_it()
    {
        var root = Directory.CreateTempSubdirectory();
        try
        {
            var pod = root.CreateSubdirectory("pod");
            var container = pod.CreateSubdirectory("container");
            var own = Path.Join(root.FullName, "cgroup");
            File.WriteAllText(own, "0::/pod/container\n");
            File.WriteAllText(Path.Join(container.FullName, "memory.max"), "max\n");
            File.WriteAllText(Path.Join(pod.FullName, "memory.max"), "1000\n");
            File.WriteAllText(Path.Join(pod.FullName, "memory.current"), "700\n");
            File.WriteAllText(Path.Join(pod.FullName, "memory.stat"), "anon 500\ninactive_file 150\nactive_file 20\n");
            Assert.Equal(pod.FullName, SystemMemory.FindGroup(own, root.FullName));
            Assert.Equal(new MemoryUse(550, 1000), SystemMemory.ReadGroup(pod.FullName));

            File.WriteAllText(Path.Join(pod.FullName, "memory.max"), "max\n");
            Assert.Null(SystemMemory.FindGroup(own, root.FullName));
        }
        finally
        {
            root.Delete(recursive: true);
        }
    }

    [Fact]
    public void This_process_uses_some_memory() => Assert.InRange(new SystemMemory().Process(), MiB, 100_000 * MiB);

    long IMemoryMeter.Process() => _process;

    MemoryUse IMemoryMeter.Group() => _group;

    private void Measure(int megabytes)
    {
        _process = megabytes * MiB;
        _watch.Measure();
    }
}
