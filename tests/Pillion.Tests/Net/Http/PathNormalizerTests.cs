using System.Text;
using CsCheck;
using Pillion.Net.Http;
using Xunit;

namespace Pillion.Tests.Net.Http;

public sealed class PathNormalizerTests
{
    private static readonly Gen<string> AnyPath = Among("/", ".", "..", "%2e", "%2E", "a", "%2F", "...", "%2", "%").List[0, 12].Select(p => "/" + string.Concat(p));

    [Theory]
    [InlineData("/", "/")]
    [InlineData("/a/b/c/./../../g", "/a/g")] // RFC 3986 §5.2.4
    [InlineData("/./a", "/a")]
    [InlineData("/a/.", "/a/")]
    [InlineData("/a/..", "/")]
    [InlineData("/a/b/..", "/a/")]
    [InlineData("/..", "/")]
    [InlineData("/../../a", "/a")]
    [InlineData("/a/%2e%2e/b", "/b")]
    [InlineData("/a/.%2E/b", "/b")]
    [InlineData("/a/%2e/b", "/a/b")]
    [InlineData("/a//../b", "/a/b")]
    [InlineData("//..//a", "//a")]
    [InlineData("/a/...", "/a/...")]
    [InlineData("/a/.b/..c/d.", "/a/.b/..c/d.")]
    [InlineData("/a/..%2fb", "/a/..%2fb")]
    [InlineData("/a/%252e%252e/b", "/a/%252e%252e/b")]
    [InlineData("/a/%2", "/a/%2")]
    public void Dot_segments_are_resolved(string path, string expected)
    {
        Assert.Equal(expected, Resolve(path));
        Assert.Equal(path != expected, PathNormalizer.HasDotSegments(Encoding.ASCII.GetBytes(path)));
    }

    [Fact]
    public void A_resolved_path_has_no_dot_segments_left_and_agrees_with_a_plain_reading_of_the_RFC() =>
        AnyPath.Sample(
            path =>
            {
                var resolved = Resolve(path);
                Assert.False(PathNormalizer.HasDotSegments(Encoding.ASCII.GetBytes(resolved)));
                Assert.Equal(resolved, Resolve(resolved));
                Assert.Equal(ByTheBook(path), resolved);
            },
            seed: "0000000000001",
            iter: 5000,
            threads: 1);

    [Theory]
    [InlineData("/a/b", "/a/b")]
    [InlineData("//", "/")]
    [InlineData("//a///b//", "/a/b/")]
    [InlineData("/a//b/c", "/a/b/c")]
    public void Repeated_slashes_count_as_one_in_matching(string path, string expected)
    {
        var bytes = Encoding.ASCII.GetBytes(path);
        Assert.Equal(expected, Encoding.ASCII.GetString(PathNormalizer.ForMatching(bytes, HttpRules.Default, new byte[bytes.Length])));
        Assert.Equal(path, Encoding.ASCII.GetString(PathNormalizer.ForMatching(bytes, HttpRules.Default with { MergeSlashesInMatching = false }, default)));
    }

    [Fact]
    public void A_path_without_repeated_slashes_needs_no_scratch()
    {
        var path = "/a/b"u8;
        Assert.True(path == PathNormalizer.ForMatching(path, HttpRules.Default, default));
    }

    [Fact]
    public void Matching_agrees_with_a_plain_replacement() =>
        AnyPath.Sample(
            path =>
            {
                var expected = path;
                while (expected.Contains("//", StringComparison.Ordinal))
                {
                    expected = expected.Replace("//", "/", StringComparison.Ordinal);
                }

                var bytes = Encoding.ASCII.GetBytes(path);
                Assert.Equal(expected, Encoding.ASCII.GetString(PathNormalizer.ForMatching(bytes, HttpRules.Default, new byte[bytes.Length])));
            },
            seed: "0000000000001",
            iter: 5000,
            threads: 1);

    private static string Resolve(string path)
    {
        var destination = new byte[path.Length];
        return Encoding.ASCII.GetString(destination.AsSpan(0, PathNormalizer.ResolveDotSegments(Encoding.ASCII.GetBytes(path), destination)));
    }

    private static string ByTheBook(string path)
    {
        var output = new List<string>();
        var segments = path[1..].Split('/');
        for (var i = 0; i < segments.Length; i++)
        {
            var dots = segments[i].Replace("%2e", ".", StringComparison.OrdinalIgnoreCase);
            if (dots is not ("." or ".."))
            {
                output.Add(segments[i]);
                continue;
            }

            if (dots == ".." && output.Count > 0)
            {
                output.RemoveAt(output.Count - 1);
            }

            if (i == segments.Length - 1)
            {
                output.Add("");
            }
        }

        return "/" + string.Join('/', output);
    }

    private static Gen<string> Among(params string[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);
}
