using Pillion.Net.Linux;
using Xunit;

namespace Pillion.Tests.Net.Linux;

public sealed class SplicePipesTests
{
    public SplicePipesTests() => Assert.SkipUnless(OperatingSystem.IsLinux(), "splice(2) is Linux");

    [Fact]
    public void A_pipe_that_comes_back_empty_is_lent_again()
    {
        using var pipes = new SplicePipes();
        var pipe = pipes.TryRent()!;
        Assert.Equal(1, pipes.Lent);
        pipe.Return();
        Assert.Equal(0, pipes.Lent);
        Assert.Same(pipe, pipes.TryRent());
        pipe.Return();
    }

    [Fact]
    public void A_pipe_that_comes_back_with_bytes_in_it_is_closed()
    {
        using var pipes = new SplicePipes();
        var pipe = pipes.TryRent()!;
        var descriptor = Target(pipe.ReadEnd);
        Assert.StartsWith("pipe:", descriptor);
        pipe.Length = 1;
        pipe.Return();
        Assert.NotEqual(descriptor, Target(pipe.ReadEnd));
        Assert.NotEqual(descriptor, Target(pipe.WriteEnd));
        var other = pipes.TryRent()!;
        Assert.NotSame(pipe, other);
        other.Return();
    }

    [Fact]
    public void Only_so_many_are_lent_and_fewer_kept()
    {
        using var pipes = new SplicePipes();
        var lent = Enumerable.Range(0, SplicePipes.MaxLent).Select(_ => pipes.TryRent()!).ToList();
        Assert.DoesNotContain(null, lent);
        Assert.Null(pipes.TryRent());
        var descriptors = lent.ConvertAll(pipe => Target(pipe.ReadEnd));
        lent.ForEach(pipe => pipe.Return());
        Assert.InRange(lent.Where((pipe, i) => Target(pipe.ReadEnd) == descriptors[i]).Count(), 1, 8);
        pipes.Dispose();
        Assert.DoesNotContain(true, lent.Select((pipe, i) => Target(pipe.ReadEnd) == descriptors[i]));
    }

    [Fact]
    public void Where_the_system_refuses_none_is_lent_any_more()
    {
        using var pipes = new SplicePipes();
        var pipe = pipes.TryRent()!;
        pipe.Refused();
        pipe.Return();
        Assert.Null(pipes.TryRent());
    }

    // The number of a closed descriptor may belong to something else by now, but a pipe's own number is never used again.
    private static string? Target(int descriptor)
    {
        try
        {
            return new FileInfo($"/proc/self/fd/{descriptor}").LinkTarget;
        }
        catch (IOException)
        {
            return null;
        }
    }
}
