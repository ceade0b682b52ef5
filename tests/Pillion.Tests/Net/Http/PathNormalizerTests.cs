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
    [InlineData("/%61dmin", "/admin")]
    [InlineData("/%41%7e%2D%2e%5F%30//x", "/A~-._0/x")]
    [InlineData("/%2F/%2f%20%3B%25%5c", "/%2F/%2f%20%3B%25%5c")]
    [InlineData("/%2561", "/%2561")]
    [InlineData("/%6", "/%6")]
    [InlineData("/%6g%", "/%6g%")]
    public void A_path_is_matched_by_what_it_means(string path, string expected) => Assert.Equal(expected, ForMatching(path, HttpRules.Default));

    [Fact]
    public void What_matching_makes_equal_can_be_kept_apart()
    {
        Assert.Equal("//%61", ForMatching("//%61", HttpRules.Default with { MergeSlashesInMatching = false, DecodeUnreservedInMatching = false }));
        Assert.Equal("//a", ForMatching("//%61", HttpRules.Default with { MergeSlashesInMatching = false }));
        Assert.Equal("/%61", ForMatching("//%61", HttpRules.Default with { DecodeUnreservedInMatching = false }));
    }

    [Fact]
    public void A_path_that_is_matched_as_it_came_is_not_copied()
    {
        var path = "/a/b"u8;
        Assert.True(path == PathNormalizer.ForMatching(path, HttpRules.Default, default));
        var escaped = "/a%20b"u8;
        Assert.True(escaped == PathNormalizer.ForMatching(escaped, HttpRules.Default, new byte[escaped.Length]));
    }

    [Fact]
    public void Matching_agrees_with_a_plain_replacement() =>
        AnyPath.Sample(
            path =>
            {
                var expected = path.Replace("%2e", ".", StringComparison.OrdinalIgnoreCase);
                while (expected.Contains("//", StringComparison.Ordinal))
                {
                    expected = expected.Replace("//", "/", StringComparison.Ordinal);
                }

                Assert.Equal(expected, ForMatching(path, HttpRules.Default));
            },
            seed: "0000000000001",
            iter: 5000,
            threads: 1);

    private static string ForMatching(string path, HttpRules rules)
    {
        var bytes = Encoding.ASCII.GetBytes(path);
        return Encoding.ASCII.GetString(PathNormalizer.ForMatching(bytes, rules, new byte[bytes.Length]));
    }

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
