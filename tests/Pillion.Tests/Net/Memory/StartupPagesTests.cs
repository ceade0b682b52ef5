using Pillion.Net.Memory;
using Xunit;

namespace Pillion.Tests.Net.Memory;

public sealed class StartupPagesTests
{
    [Fact]
    public void The_program_goes_on_without_the_pages_that_it_let_go_of()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/proc is Linux");

        // The code of this very process: it is there again when it is needed.
        Assert.True(StartupPages.Release() > 0);
        Assert.True(StartupPages.Release() > 0);
    }
}
