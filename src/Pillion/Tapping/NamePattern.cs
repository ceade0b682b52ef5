namespace Pillion.Tapping;

/// <summary>A name, or with an asterisk behind it the beginning of one.</summary>
internal sealed class NamePattern(string written)
{
    private readonly string? _start = written.EndsWith('*') ? written[..^1] : null;

    public bool Matches(string name) => _start is null ? name == written : name.StartsWith(_start, StringComparison.Ordinal);
}
