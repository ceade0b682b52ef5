using System.Text;

namespace Pillion.Net.Http;

/// <summary>
/// Field names, case ignored, looked up by bytes; equal when they hold the same names, so that a reload sees what did not change.
/// </summary>
internal sealed class FieldNameSet : IEquatable<FieldNameSet>
{
    private readonly byte[][] _names;

    public FieldNameSet(IEnumerable<string> names) =>
        _names = [.. names.Select(n => n.ToLowerInvariant()).Distinct().Order(StringComparer.Ordinal).Select(Encoding.ASCII.GetBytes)];

    public bool Contains(ReadOnlySpan<byte> name)
    {
        foreach (var known in _names)
        {
            if (known.Length == name.Length && Ascii.EqualsIgnoreCase(known, name))
            {
                return true;
            }
        }

        return false;
    }

    public bool Equals(FieldNameSet? other)
    {
        if (other is null || other._names.Length != _names.Length)
        {
            return false;
        }

        for (var i = 0; i < _names.Length; i++)
        {
            if (!_names[i].AsSpan().SequenceEqual(other._names[i]))
            {
                return false;
            }
        }

        return true;
    }

    public override bool Equals(object? obj) => Equals(obj as FieldNameSet);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var name in _names)
        {
            hash.AddBytes(name);
        }

        return hash.ToHashCode();
    }
}
