using Pillion.Net.Memory;
using Xunit;

namespace Pillion.Tests.Net.Memory;

public sealed class SlabPoolTests
{
    [Theory]
    [InlineData(1, SlabPool.Small)]
    [InlineData(SlabPool.Small, SlabPool.Small)]
    [InlineData(SlabPool.Small + 1, SlabPool.Medium)]
    [InlineData(SlabPool.Medium + 1, SlabPool.Large)]
    [InlineData(SlabPool.Large + 1, SlabPool.Huge)]
    [InlineData(SlabPool.Huge + 1, SlabPool.Huge + 1)]
    public void A_slab_has_the_smallest_size_that_is_enough(int asked, int capacity)
    {
        using var pool = new SlabPool();
        var slab = pool.Rent(asked);
        Assert.Equal(capacity, slab.Capacity);
        Assert.Equal(1, pool.Rented);
        pool.Return(slab);
        Assert.Equal(0, pool.Rented);
    }

    [Fact]
    public void A_slab_that_comes_back_is_lent_again_and_empty()
    {
        using var pool = new SlabPool();
        var slab = pool.Rent();
        slab.TryAppend("left over"u8);
        pool.Return(slab);
        Assert.Same(slab, pool.Rent());
        Assert.True(slab.IsEmpty);
        pool.Return(slab);
    }

    [Fact]
    public void A_slab_given_back_twice_is_a_bug()
    {
        using var pool = new SlabPool();
        var slab = pool.Rent();
        pool.Return(slab);
        Assert.Throws<InvalidOperationException>(() => pool.Return(slab));
        Assert.Equal(0, pool.Rented);
    }

    [Fact]
    public void After_a_burst_only_a_bounded_number_is_kept()
    {
        using var pool = new SlabPool();
        var slabs = Enumerable.Range(0, 20).Select(_ => pool.Rent(SlabPool.Large)).ToList();
        slabs.ForEach(pool.Return);
        var again = Enumerable.Range(0, 20).Select(_ => pool.Rent(SlabPool.Large)).ToList();
        Assert.Equal(8, again.Intersect(slabs).Count());
        again.ForEach(pool.Return);
    }

    [Fact]
    public void A_slab_that_need_not_be_large_is_smaller_while_many_large_ones_are_lent()
    {
        using var pool = new SlabPool();
        Assert.Equal(SlabPool.Huge, Take(1)[0]);
        var capacities = Take(1000);
        Assert.Equal(31, capacities.Count(capacity => capacity == SlabPool.Huge));
        Assert.Equal(128, capacities.Count(capacity => capacity == SlabPool.Large));
        Assert.Equal(256, capacities.Count(capacity => capacity == SlabPool.Medium));
        Assert.Equal(SlabPool.Small, capacities[^1]);
        Assert.Equal(SlabPool.Huge, pool.Rent(SlabPool.Huge).Capacity);

        int[] Take(int count) => [.. Enumerable.Range(0, count).Select(_ => pool.RentUpTo(SlabPool.Huge).Capacity)];
    }

    [Fact]
    public void A_large_slab_that_comes_back_may_be_lent_again()
    {
        using var pool = new SlabPool();
        var slabs = Enumerable.Range(0, 40).Select(_ => pool.RentUpTo(SlabPool.Huge)).ToList();
        Assert.Equal(SlabPool.Large, pool.RentUpTo(SlabPool.Huge).Capacity);
        slabs.ForEach(pool.Return);
        Assert.Equal(SlabPool.Huge, pool.RentUpTo(SlabPool.Huge).Capacity);
        Assert.Equal(SlabPool.Small, pool.RentUpTo(100).Capacity);
        Assert.Equal(SlabPool.Medium, pool.RentUpTo(SlabPool.Large - 1).Capacity);
    }

    [Fact]
    public void Growing_keeps_the_bytes_even_when_too_little_was_asked_for()
    {
        using var pool = new SlabPool();
        var slab = pool.Rent(SlabPool.Medium);
        slab.Advance(SlabPool.Medium);
        slab.Filled.Fill(5);
        slab = pool.Grow(slab, SlabPool.Small);
        Assert.Equal(SlabPool.Medium, slab.Length);
        slab = pool.Grow(slab, SlabPool.Large);
        Assert.Equal(SlabPool.Large, slab.Capacity);
        Assert.Equal(SlabPool.Medium, slab.Length);
        Assert.Equal(-1, slab.Filled.IndexOfAnyExcept((byte)5));
        pool.Return(slab);
        Assert.Equal(0, pool.Rented);
    }

    [Fact]
    public void Bytes_are_added_behind_and_consumed_in_front()
    {
        using var pool = new SlabPool();
        var slab = pool.Rent();
        Assert.True(slab.TryAppend("abcdef"u8));
        slab.Consume(2);
        Assert.True(slab.Filled.SequenceEqual("cdef"u8));
        slab.Compact();
        Assert.Equal(0, slab.Start);
        Assert.True(slab.Filled.SequenceEqual("cdef"u8));
        Assert.Throws<ArgumentOutOfRangeException>(() => slab.Consume(5));
        Assert.Throws<ArgumentOutOfRangeException>(() => slab.Advance(slab.Capacity));
        slab.Consume(4);
        Assert.Equal(slab.Capacity, slab.Free.Length);
        Assert.False(slab.TryAppend(new byte[slab.Capacity + 1]));
        pool.Return(slab);
    }
}
