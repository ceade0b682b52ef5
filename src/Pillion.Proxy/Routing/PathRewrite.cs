using System.Text;
using Pillion.Net.Http;
using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Routing;

/// <summary>Makes a new target from a matched one; the query always stays.</summary>
internal abstract class PathRewrite
{
    public static PathRewrite? Compile(string? prefix, RegexRewriteConfig? regex, PathMatcher path, HttpRules rules) =>
        prefix is not null ? new PrefixRewrite(Encoding.UTF8.GetBytes(prefix), path, rules) :
        regex is not null ? new RegexRewrite(regex, rules) :
        null;

    /// <summary>The rewritten target, valid until the scratch's writer is used again.</summary>
    public ReadOnlySpan<byte> Apply(ReadOnlySpan<byte> target, Scratch scratch)
    {
        var question = target.IndexOf((byte)'?');
        var path = question < 0 ? target : target[..question];
        var writer = scratch.Writer;
        Write(path, scratch, writer);

        // A request line cannot do without a path, nor begin it with anything but a slash.
        if (writer.Written is not [(byte)'/', ..])
        {
            var bare = writer.Written.ToArray();
            writer.Clear();
            writer.Raw((byte)'/');
            writer.Raw(bare);
        }

        if (question >= 0)
        {
            writer.Raw(target[question..]);
        }

        return writer.Written;
    }

    protected abstract void Write(ReadOnlySpan<byte> path, Scratch scratch, Core.Signals.LineBuffer writer);
}
