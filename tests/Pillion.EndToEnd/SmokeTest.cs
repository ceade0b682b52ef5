using Xunit;

namespace Pillion.EndToEnd;

public sealed class SmokeTest
{
    [Fact]
    public void The_test_runner_runs() => Assert.True(true);
}
