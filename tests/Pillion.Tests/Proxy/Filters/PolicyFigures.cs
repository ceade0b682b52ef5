using System.Diagnostics;
using System.Text;
using Pillion.Core.Lifecycle;
using Pillion.Core.Overload;
using Pillion.Core.Signals.Metrics;
using Pillion.Net.Memory;
using Pillion.Proxy.Filters.Faults;
using Pillion.Proxy.Filters.RateLimits;
using Pillion.Proxy.Filters.SizeLimits;
using Pillion.Proxy.Forwarding.Coding;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Proxy.Filters;

/// <summary>The figures of the pictures in docs/policies; run by hand: <c>-explicit only -class '*PolicyFigures*'</c>.</summary>
public sealed class PolicyFigures
{
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

    [Fact(Explicit = true)]
    public void Requests_that_pass_a_limit_of_100_a_second_with_a_burst_of_200()
    {
        using var fixture = new ProxyFixture(route: route => route with { Filters = [new RateLimitConfig { Limits = [new() { Burst = 200, Tokens = 100 }] }] });
        fixture.Upstream.Answer = _ => Ok;
        var client = fixture.Connect();
        var text = new StringBuilder("rate: ");
        for (var step = 0; step < 32; step++)
        {
            // A quarter of a second each: 60 a second, then 300, then 60 again.
            var offered = step is >= 8 and < 20 ? 75 : 15;
            var passed = 0;
            for (var i = 0; i < offered; i++)
            {
                passed += client.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").Take().StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal) ? 1 : 0;
            }

            text.Append($"{offered * 4}/{passed * 4} ");
            fixture.AdvanceSeconds(0.25);
        }

        Console.WriteLine(text);
    }

    [Fact(Explicit = true)]
    public void Bytes_that_an_upstream_sees_of_a_body_that_is_too_large()
    {
        foreach (var announced in (bool[])[true, false])
        {
            using var fixture = new ProxyFixture(route: route => route with { Filters = [new SizeLimitConfig(IsAnswer: false, 1 << 20)] });
            var client = fixture.Connect();
            client.Send(announced ? "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10485760\r\n\r\n" : "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
            var sent = 0;
            while (!client.Received.StartsWith("HTTP/1.1 413", StringComparison.Ordinal) && sent < 10 << 20)
            {
                client.Send(announced ? new string('a', 65536) : $"10000\r\n{new string('a', 65536)}\r\n");
                sent += 65536;
            }

            Console.WriteLine($"size: announced {announced}: the client sent {sent} bytes before its 413, the upstream got {fixture.Upstream.Connections.Sum(connection => connection.BytesReceived)}");
            client.Close();
        }
    }

    [Fact(Explicit = true)]
    public void What_callers_see_of_one_delay_in_ten_and_one_abort_in_a_hundred()
    {
        using var fixture = new ProxyFixture(route: route => route with { Filters = [new FaultConfig { Delay = TimeSpan.FromSeconds(2), DelayPercent = 10, AbortStatus = 503, AbortPercent = 1 }] });
        fixture.Upstream.Answer = _ => Ok;
        for (var i = 0; i < 1000; i++)
        {
            fixture.Get();
        }

        fixture.AdvanceSeconds(2.5);
        var records = fixture.Records;
        Console.WriteLine($"faults: {records.Count} requests, {records.Count(record => record.DurationMicros > 1_900_000)} took 2 s, {records.Count(record => record.Status == 503)} got 503, longest {records.Max(record => record.DurationMicros)} us");
    }

    [Fact(Explicit = true)]
    public void What_is_given_up_as_memory_rises_and_falls()
    {
        var clock = new ManualTimeProvider();
        var meter = new Meter();
        var watch = new OverloadWatch(meter, new MetricRegistry(1, clock), new Lifecycle(clock), clock, new CollectedLogger()) { Collect = () => { } };
        watch.Apply(new() { MemoryBytes = 100 << 20 });
        var text = new StringBuilder("overload: ");
        foreach (var percent in (int[])[60, 64, 68, 72, 76, 79, 81, 84, 86, 89, 91, 93, 96, 97, 96, 93, 91, 92, 89, 87, 86, 83, 81, 80, 78, 76, 74, 72, 70, 69, 68, 67, 66, 66, 65, 65, 64, 64, 63, 63])
        {
            meter.Used = percent << 20;
            watch.Measure();
            text.Append($"{percent}:{(int)watch.State.Actions} ");
        }

        Console.WriteLine(text);
    }

    [Theory(Explicit = true)]
    [InlineData("gzip")]
    [InlineData("br")]
    public void Memory_of_an_encoder_in_the_middle_of_its_body(string coding)
    {
        const int Count = 400;
        using var slabs = new SlabPool();
        var input = slabs.Rent(64 * 1024);
        var output = slabs.Rent(SlabPool.Huge);
        var coders = new List<BodyCoder>();
        var before = new SystemMemory().Process();
        for (var i = 0; i < Count; i++)
        {
            BodyCoder coder = coding == "br" ? new BrotliBody(3, 16) : new GzipBody(4);
            coders.Add(coder);
            for (var piece = 0; piece < 8; piece++)
            {
                for (var at = 0; at < 60_000; at++)
                {
                    input.TryAppend([(byte)(at * (i + piece) % 97)]);
                }

                var count = input.Length;
                coder.Code(input, ref count, output, CodingStep.Go);
                input.Clear();
                output.Clear();
            }
        }

        Console.WriteLine($"encoder: {coding}: {(new SystemMemory().Process() - before) / Count / 1024} KiB each");
        coders.ForEach(coder => coder.Dispose());
        slabs.Return(input);
        slabs.Return(output);
    }

    [Fact(Explicit = true)]
    public void What_taking_tokens_costs()
    {
        var clock = new RateClock(TimeProvider.System);
        var one = Buckets.Make(new RateConfig { Burst = 1_000_000, Tokens = 1_000_000 }, isKeyed: false);
        var keyed = Buckets.Make(new RateConfig { Burst = 1_000_000, Tokens = 1_000_000 }, isKeyed: true);
        byte[][] names = [.. Enumerable.Range(0, 1000).Select(i => Encoding.ASCII.GetBytes($"spiffe://example.org/ns/a/sa/caller-{i}"))];
        foreach (var (name, take) in ((string, Action<int>)[])
                 [
                     ("one bucket", _ => one.Take(0, clock.Now)),
                     ("one of 1000 keys", i =>
                     {
                         var hash = KeyHash.Begin();
                         hash.Add(names[i % 1000]);
                         keyed.Take(hash.End(), clock.Now);
                     }),
                 ])
        {
            var best = double.MaxValue;
            for (var round = 0; round < 10; round++)
            {
                var start = Stopwatch.GetTimestamp();
                for (var i = 0; i < 100_000; i++)
                {
                    take(i);
                }

                best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalNanoseconds / 100_000);
            }

            Console.WriteLine($"tokens: {name}: {best:0} ns");
        }
    }

    private sealed class Meter : IMemoryMeter
    {
        public long Used { get; set; }

        public long Process() => Used;

        public MemoryUse Group() => default;
    }
}
