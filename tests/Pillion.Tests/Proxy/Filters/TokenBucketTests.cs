using Pillion.Proxy.Filters.RateLimits;
using Xunit;

namespace Pillion.Tests.Proxy.Filters;

public sealed class TokenBucketTests
{
    private const long Second = 1_000_000_000;

    [Fact]
    public void A_full_bucket_gives_its_burst_and_then_one_token_after_each_interval()
    {
        var buckets = Buckets.Make(new RateConfig { Burst = 5, Tokens = 10 }, isKeyed: false);
        Assert.Equal(5, Count(buckets, 1, 100));
        Assert.Equal(0, Count(buckets, 1 + (Second / 10) - 1, 100));
        Assert.Equal(1, Count(buckets, 1 + (Second / 10), 100));
        Assert.Equal(5, Count(buckets, 100 * Second, 100));
    }

    [Fact]
    public void What_a_refusal_says_of_the_wait_is_true()
    {
        var buckets = Buckets.Make(new RateConfig { Burst = 3, Tokens = 7 }, isKeyed: false);
        Count(buckets, 1, 3);
        var refused = buckets.Take(0, 1);
        Assert.False(refused.IsTaken);
        Assert.False(buckets.Take(0, 1 + refused.Wait - 1).IsTaken);
        Assert.True(buckets.Take(0, 1 + refused.Wait).IsTaken);
    }

    [Fact]
    public void A_token_that_is_given_back_is_there_again()
    {
        var buckets = Buckets.Make(new RateConfig { Burst = 1, Tokens = 1 }, isKeyed: false);
        var taken = buckets.Take(0, 1);
        buckets.GiveBack(taken);
        Assert.True(buckets.Take(0, 1).IsTaken);
        Assert.False(buckets.Take(0, 1).IsTaken);
    }

    [Fact]
    public void Keys_have_buckets_of_their_own_and_a_full_one_is_forgotten_without_loss()
    {
        var buckets = new KeyedBuckets(new BucketShape(new RateConfig { Burst = 2, Tokens = 1 }), keys: 8);
        for (var now = 1L; now < 100 * Second; now += 10 * Second)
        {
            for (ulong key = 1; key <= 16; key++)
            {
                Assert.Equal(2, Count(buckets, now, 4, key));
            }
        }
    }

    [Fact]
    public void More_keys_than_room_share_one_bucket_that_says_so()
    {
        var buckets = new KeyedBuckets(new BucketShape(new RateConfig { Burst = 1, Tokens = 1, Interval = TimeSpan.FromHours(1) }), keys: 8);
        var taken = Enumerable.Range(1, 100).Select(key => buckets.Take((ulong)key, 1)).ToList();
        Assert.Equal(16, taken.Count(one => one is { IsTaken: true, IsOverflow: false }));
        Assert.Equal(1, taken.Count(one => one is { IsTaken: true, IsOverflow: true }));
        Assert.Equal(83, taken.Count(one => one is { IsTaken: false, IsOverflow: true }));
    }

    // Threads whose clocks differ, bursts, pauses, give-backs: whatever the schedule, what passes is bounded by what the bucket can have held.
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(2, 10, 3)]
    [InlineData(3, 100, 100)]
    [InlineData(4, 333, 1)]
    [InlineData(5, 12_345, 777)]
    public async Task Eight_threads_never_get_more_than_the_burst_and_what_came_back(int seed, int tokens, int burst)
    {
        var buckets = Buckets.Make(new RateConfig { Burst = burst, Tokens = tokens }, isKeyed: false);
        var end = await RunAsync(seed, (random, now) => Pass(buckets, 0, now, random));
        Assert.InRange(end.Passed, burst, burst + (end.Nanos * tokens / (double)Second));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Neither_do_they_for_any_key_while_keys_push_each_other_out(int seed)
    {
        const int Keys = 64;
        const int Burst = 4;
        const int Tokens = 50;
        var buckets = new KeyedBuckets(new BucketShape(new RateConfig { Burst = Burst, Tokens = Tokens }), keys: 16);
        var passed = new long[Keys];
        long overflow = 0;
        var end = await RunAsync(seed, (random, now) =>
        {
            var key = random.Next(Keys);
            var taken = buckets.Take((ulong)key + 1, now);
            if (taken.IsTaken)
            {
                Interlocked.Increment(ref taken.IsOverflow ? ref overflow : ref passed[key]);
            }

            return taken.IsTaken ? 1 : 0;
        });
        var most = Burst + (end.Nanos * Tokens / (double)Second);
        Assert.All(passed, count => Assert.InRange(count, 0, most));
        Assert.InRange(overflow, 0, most);
    }

    private static int Pass(Buckets buckets, ulong key, long now, Random random)
    {
        var taken = buckets.Take(key, now);
        if (taken.IsTaken && random.Next(8) == 0)
        {
            buckets.GiveBack(taken);
            return 0;
        }

        return taken.IsTaken ? 1 : 0;
    }

    // A clock that only the threads move; each reads it a little late.
    private static async Task<(long Passed, long Nanos)> RunAsync(int seed, Func<Random, long, int> request)
    {
        long clock = 1;
        long passed = 0;
        using var start = new Barrier(8);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(thread => Task.Factory.StartNew(
            () =>
            {
                var random = new Random((seed * 100) + thread);
                start.SignalAndWait();
                for (var i = 0; i < 20_000; i++)
                {
                    var now = Volatile.Read(ref clock);
                    if (random.Next(4) == 0)
                    {
                        Interlocked.Add(ref clock, random.Next(200_000));
                    }

                    Interlocked.Add(ref passed, request(random, now));
                }
            },
            TestContext.Current.CancellationToken,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default)));
        return (passed, clock);
    }

    private static int Count(Buckets buckets, long now, int tries, ulong key = 0) => Enumerable.Range(0, tries).Count(_ => buckets.Take(key, now).IsTaken);
}
