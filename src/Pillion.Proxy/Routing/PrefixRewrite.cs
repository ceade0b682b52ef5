using Pillion.Core.Signals;
using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Routing;

/// <summary>
/// Puts other bytes in the place of the matched prefix; of a path matched whole (exact, regex), in the place of all of it (as Envoy does).
/// </summary>
internal sealed class PrefixRewrite(byte[] replacement, PathMatcher matcher, bool mergeSlashes) : PathRewrite
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

    // The prefix was matched with repeated slashes as one; here it is found in the path as it came. A run of slashes at its end belongs to it.
    private int ReplacedLength(ReadOnlySpan<byte> path)
    {
        if (!mergeSlashes || path.IndexOf("//"u8) < 0)
        {
            return matcher.ReplacedLength(path.Length);
        }

        var left = matcher.ReplacedLength(path.Length);
        var at = 0;
        for (; at < path.Length; at++)
        {
            var repeated = at > 0 && path[at] == (byte)'/' && path[at - 1] == (byte)'/';
            if (!repeated && left-- == 0)
            {
                break;
            }
        }

        return at;
    }
}
