using Pillion.Core.Resilience;
using Xunit;

namespace Pillion.Tests.Core.Resilience;

public sealed class CircuitLimitTests
{
    [Fact]
    public void Hammered_from_several_threads_it_never_passes_its_limit_and_ends_at_zero()
    {
        const int Most = 7;
        var limit = new CircuitLimit("max_requests", Most, default);
        var inside = 0;
        var highest = 0;
        var let = 0;
        var refused = 0;
        var threads = Enumerable.Range(0, 4).Select(seed => new Thread(() =>
        {
            var random = new Random(seed);
            for (var i = 0; i < 50_000; i++)
            {
                if (!limit.TryBegin())
                {
                    Interlocked.Increment(ref refused);
                    continue;
                }

                Interlocked.Increment(ref let);
                var now = Interlocked.Increment(ref inside);
                for (var seen = Volatile.Read(ref highest); now > seen && Interlocked.CompareExchange(ref highest, now, seen) != seen; seen = Volatile.Read(ref highest))
                {
                }

                Thread.SpinWait(random.Next(20));
                Interlocked.Decrement(ref inside);
                limit.End();
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());

        Assert.Equal(200_000, let + refused);
        Assert.InRange(highest, 1, Most);
        Assert.Equal(0, limit.Active);
        Assert.Equal(Most, limit.Remaining);
    }

    [Fact]
    public void Its_last_place_is_never_refused_while_it_is_free()
    {
        // One that counted before it looked would refuse a second thread that tries while the first is being refused.
        var limit = new CircuitLimit("max_retries", 2, default);
        Assert.True(limit.TryBegin());
        var other = new Thread(() =>
        {
            for (var i = 0; i < 100_000; i++)
            {
                Assert.True(limit.TryBegin());
                limit.End();
            }
        });
        other.Start();
        other.Join();
        Assert.Equal(1, limit.Active);
    }

    [Fact]
    public void A_limit_of_none_lets_nothing_through_and_says_its_line()
    {
        var limit = new CircuitLimit("max_requests", 0, new("p.yaml", 3, 5, "outbound.services.a.limits.max_requests"));
        Assert.False(limit.TryBegin());
        Assert.True(limit.IsOpen);
        Assert.Equal("max_requests is 0 (p.yaml:3: outbound.services.a.limits.max_requests)", limit.Reached.Cause);
    }
}
