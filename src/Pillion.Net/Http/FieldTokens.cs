namespace Pillion.Net.Http;

/// <summary>
/// Walks the elements of a comma-separated field value without copying; an empty element is returned as such, its meaning is the caller's.
/// </summary>
internal ref struct FieldTokens(ReadOnlySpan<byte> value)
{
    private ReadOnlySpan<byte> _rest = value;
    private bool _ended;

    public ReadOnlySpan<byte> Current { get; private set; }

    public readonly FieldTokens GetEnumerator() => this;

    public bool MoveNext()
    {
        if (_ended)
        {
            return false;
        }

        var comma = _rest.IndexOf((byte)',');
        _ended = comma < 0;
        Current = HttpBytes.TrimOws(_ended ? _rest : _rest[..comma]);
        _rest = _ended ? default : _rest[(comma + 1)..];
        return true;
    }
}
