using BenchmarkDotNet.Attributes;
using Pillion.Net.Loop;

namespace Pillion.Benchmarks.Loop;

/// <summary>The wheel under many connections: what a deadline that is armed and cancelled costs, and what a millisecond costs in which few fire.</summary>
[MemoryDiagnoser]
public class TimerWheelBenchmark
{
    private const int Operations = 1024;

    private TimerWheel _wheel = null!;
    private Node[] _nodes = null!;
    private long _now;

    /// <summary>Timers armed all the while; the cost must not depend on it.</summary>
    [Params(100, 100_000)]
    public int Armed { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var random = new Random(1);
        _now = 1;
        _wheel = new TimerWheel(_now);
        for (var i = 0; i < Armed; i++)
        {
            _wheel.Arm(new Node(), 1 + random.NextInt64(1L << 35));
        }

        _nodes = [.. Enumerable.Range(0, Operations).Select(_ => new Node())];
    }

    [Benchmark(OperationsPerInvoke = Operations)]
    public void ArmAndCancel()
    {
        foreach (var node in _nodes)
        {
            _wheel.Arm(node, _now + 15_000);
        }

        foreach (var node in _nodes)
        {
            _wheel.Cancel(node);
        }
    }

    [Benchmark(OperationsPerInvoke = Operations)]
    public void ArmAndFire()
    {
        foreach (var node in _nodes)
        {
            _wheel.Arm(node, _now + 5);
        }

        _wheel.Advance(_now += 5);
    }

    private sealed class Node : TimerNode
    {
        protected internal override void Fire()
        {
        }
    }
}
