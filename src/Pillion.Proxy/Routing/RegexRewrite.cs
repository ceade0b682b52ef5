using System.Text;
using System.Text.RegularExpressions;
using Pillion.Core.Signals;
using Pillion.Net.Http;
using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Routing;

/// <summary>
/// Replaces every match in the path. Without group references it allocates nothing; with them the library has no other way than a string and a
/// match object for each request.
/// </summary>
internal sealed class RegexRewrite : PathRewrite
{
    private readonly Regex _regex;
    private readonly HttpRules _rules;

    // Literal bytes, or the group's number where they are null.
    private readonly (byte[]? Literal, int Group)[] _parts;
    private readonly bool _hasGroups;

    public RegexRewrite(RegexRewriteConfig config, HttpRules rules)
    {
        _regex = RegexSyntax.Find(config.Pattern);
        _rules = rules;
        _parts = Parse(config.Substitution);
        _hasGroups = _parts.Any(part => part.Literal is null);
    }

    protected override void Write(ReadOnlySpan<byte> path, Scratch scratch, LineBuffer writer)
    {
        // What is rewritten is what was matched: the form that routes see. A path that the pattern does not touch stays as it came.
        var source = scratch.ForMatching(path, _rules);
        var chars = scratch.Chars(source);
        var end = _hasGroups ? WriteWithGroups(chars, source, writer) : WriteLiterals(chars, source, writer);
        writer.Raw(end == 0 && writer.Length == 0 ? path : source[end..]);
    }

    private int WriteLiterals(ReadOnlySpan<char> chars, ReadOnlySpan<byte> source, LineBuffer writer)
    {
        var end = 0;
        var any = false;
        foreach (var match in _regex.EnumerateMatches(chars))
        {
            any = true;
            writer.Raw(source[end..match.Index]);
            foreach (var (literal, _) in _parts)
            {
                writer.Raw(literal);
            }

            end = match.Index + match.Length;
        }

        return any ? end : 0;
    }

    private int WriteWithGroups(ReadOnlySpan<char> chars, ReadOnlySpan<byte> source, LineBuffer writer)
    {
        var end = 0;
        for (var match = _regex.Match(chars.ToString()); match.Success; match = match.NextMatch())
        {
            writer.Raw(source[end..match.Index]);
            foreach (var (literal, number) in _parts)
            {
                var group = match.Groups[number];
                writer.Raw(literal ?? source.Slice(group.Index, group.Length));
            }

            end = match.Index + match.Length;
        }

        return end;
    }

    private static (byte[]? Literal, int Group)[] Parse(string substitution)
    {
        var parts = new List<(byte[]?, int)>();
        var literal = new StringBuilder();
        for (var i = 0; i < substitution.Length; i++)
        {
            if (substitution[i] != '\\')
            {
                literal.Append(substitution[i]);
            }
            else if (substitution[++i] == '\\')
            {
                literal.Append('\\');
            }
            else
            {
                Flush();
                parts.Add((null, substitution[i] - '0'));
            }
        }

        Flush();
        return [.. parts];

        void Flush()
        {
            if (literal.Length > 0)
            {
                parts.Add((Encoding.Latin1.GetBytes(literal.ToString()), 0));
                literal.Clear();
            }
        }
    }
}
