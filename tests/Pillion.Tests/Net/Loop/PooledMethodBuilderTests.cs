using System.Runtime.CompilerServices;
using Pillion.Net.Loop;
using Xunit;

namespace Pillion.Tests.Net.Loop;

public sealed class PooledMethodBuilderTests
{
    [Fact]
    public async Task A_method_that_never_waits_has_its_result_at_once()
    {
        var task = AddAsync(default, 1, 2);
        Assert.True(task.IsCompletedSuccessfully);
        Assert.Equal(3, await task);
    }

    [Fact]
    public void Nested_methods_wait_and_return_through_all_levels()
    {
        var gate = new LoopOperation<int>();
        var task = NestAsync(gate, 50).AsTask();
        Assert.False(task.IsCompleted);
        gate.Complete(7);
        Assert.True(task.IsCompletedSuccessfully);
        Assert.Equal(57, task.Result);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_exception_reaches_whoever_awaits(bool afterWaiting)
    {
        var gate = new LoopOperation<int>();
        var task = ThrowAsync(afterWaiting ? gate : null).AsTask();
        gate.Complete(0);
        var exception = await Assert.ThrowsAsync<InvalidOperationException>(() => task);
        Assert.Equal("thrown", exception.Message);
        Assert.Contains(nameof(ThrowAsync), exception.StackTrace);
    }

    [Fact]
    public void Many_methods_wait_at_once_and_each_gets_its_own_result()
    {
        var random = new Random(11);
        for (var round = 0; round < 3; round++)
        {
            var gates = Enumerable.Range(0, 10_000).Select(_ => new LoopOperation<int>()).ToArray();
            var tasks = gates.Select((gate, i) => AddAsync(gate.Start(), i, 1).AsTask()).ToArray();
            var order = Enumerable.Range(0, gates.Length).ToArray();
            random.Shuffle(order);
            foreach (var i in order)
            {
                gates[i].Complete(i);
            }

            Assert.All(tasks, (task, i) => Assert.Equal((2 * i) + 1, task.Result));
        }
    }

    [Fact]
    public void A_result_is_taken_once_even_when_the_box_serves_another_call()
    {
        var gate = new LoopOperation<int>();
        var first = AddAsync(gate.Start(), 1, 1);
        gate.Complete(1);
        Assert.Equal(3, first.GetAwaiter().GetResult());
        var second = AddAsync(gate.Start(), 2, 2);
        Assert.Throws<InvalidOperationException>(() => first.IsCompleted);
        Assert.Throws<InvalidOperationException>(() => first.GetAwaiter().GetResult());
        gate.Complete(2);
        Assert.Equal(6, second.GetAwaiter().GetResult());
    }

    [Fact]
    public void Calls_that_wait_allocate_nothing_once_there_are_boxes()
    {
        var gate = new LoopOperation<int>();
        Run(gate, 100);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Run(gate, 10_000);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        static void Run(LoopOperation<int> gate, int count)
        {
            for (var i = 0; i < count; i++)
            {
                var task = OuterAsync(gate);
                gate.Complete(i);
                task.GetAwaiter().GetResult();
            }
        }
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    private static async ValueTask OuterAsync(LoopOperation<int> gate) => await NestAsync(gate, 3);

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private static async ValueTask<int> AddAsync(ValueTask<int> first, int second, int third) => await first + second + third;

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private static async ValueTask<int> NestAsync(LoopOperation<int> gate, int depth) =>
        depth == 0 ? await gate.Start() : 1 + await NestAsync(gate, depth - 1);

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private static async ValueTask<int> ThrowAsync(LoopOperation<int>? gate)
    {
        if (gate is not null)
        {
            await gate.Start();
        }

        throw new InvalidOperationException("thrown");
    }
}
