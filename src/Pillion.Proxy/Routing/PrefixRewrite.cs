using Pillion.Core.Signals;
using Pillion.Net.Http;
using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Routing;

/// <summary>
/// Puts other bytes in the place of the matched prefix; of a path matched whole (exact, regex), in the place of all of it (as Envoy does).
/// </summary>
internal sealed class PrefixRewrite(byte[] replacement, PathMatcher matcher, HttpRules rules) : PathRewrite
{
    protected override void Write(ReadOnlySpan<byte> path, Scratch scratch, LineBuffer writer)
    {
        var rest = path[ReplacedLength(path)..];

        // A separated prefix ends before the slash: "/a" to "/" must make "/b" of "/a/b", not "//b". With a plain prefix the user decides on every slash.
        if (matcher.Kind == PathMatchKind.SeparatedPrefix && replacement is [.., (byte)'/'] && rest is [(byte)'/', ..])
        {
            rest = rest[1..];
        }

        // An empty replacement of all of the path is its root.
        writer.Raw(replacement);
        writer.Raw(rest);
    }

    // The prefix was matched in the form that routes see; here it is found in the path as it came.
    private int ReplacedLength(ReadOnlySpan<byte> path) =>
        PathNormalizer.LengthAsItCame(path, rules, matcher.ReplacedLength(path.Length));
}
