using Pillion.Net.Loop;
using Xunit;

namespace Pillion.Tests.Net.Loop;

public sealed class LoopOperationTests
{
    [Fact]
    public void A_continuation_may_start_the_same_operation_again()
    {
        var operation = new LoopOperation<int>();
        var taken = new List<int>();
        _ = TakeAsync();
        for (var i = 0; i < 1000; i++)
        {
            operation.Complete(i);
        }

        Assert.Equal(Enumerable.Range(0, 1000), taken);

        async Task TakeAsync()
        {
            while (true)
            {
                taken.Add(await operation.Start());
            }
        }
    }

    [Fact]
    public async Task A_result_that_came_first_is_there_at_once()
    {
        var operation = new LoopOperation<int>();
        var task = operation.Start();
        operation.Complete(3);
        operation.Complete(4);
        Assert.True(task.IsCompleted);
        Assert.Equal(3, await task);
    }

    [Fact]
    public void What_is_under_way_cannot_be_started()
    {
        var operation = new LoopOperation<int>();
        _ = operation.Start();
        Assert.Throws<InvalidOperationException>(() => { _ = operation.Start(); });
    }

    [Fact]
    public void A_result_is_taken_once_and_never_by_an_earlier_start()
    {
        var operation = new LoopOperation<int>();
        var first = operation.Start();
        operation.Complete(1);
        Assert.Equal(1, first.GetAwaiter().GetResult());
        Assert.Throws<InvalidOperationException>(() => first.GetAwaiter().GetResult());
        _ = operation.Start();
        operation.Complete(2);
        Assert.Throws<InvalidOperationException>(() => first.IsCompleted);
        Assert.Throws<InvalidOperationException>(() => first.GetAwaiter().GetResult());
    }
}
