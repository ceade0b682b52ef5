using Pillion.Core.Configuration;

namespace Pillion.Proxy.Clusters.Levels;

/// <summary>Labels with their values, of an endpoint or asked for by a route; equal by content, and quick to look up.</summary>
internal sealed class LabelSet : IEquatable<LabelSet>
{
    public static readonly LabelSet None = new([]);

    private readonly KeyValuePair<string, string>[] _labels;
    private readonly int _hash;

    public LabelSet(IEnumerable<KeyValuePair<string, string>> labels)
    {
        _labels = [.. labels.OrderBy(label => label.Key, StringComparer.Ordinal)];
        Keys = new([.. _labels.Select(label => label.Key)]);
        var hash = new HashCode();
        foreach (var (key, value) in _labels)
        {
            hash.Add(key, StringComparer.Ordinal);
            hash.Add(value, StringComparer.Ordinal);
        }

        _hash = hash.ToHashCode();
    }

    public bool IsEmpty => _labels.Length == 0;

    /// <summary>In order.</summary>
    public ValueList<string> Keys { get; }

    public string? this[string key]
    {
        get
        {
            foreach (var (mine, value) in _labels)
            {
                if (mine == key)
                {
                    return value;
                }
            }

            return null;
        }
    }

    /// <summary>Has all of these.</summary>
    public bool Contains(LabelSet asked)
    {
        foreach (var (key, value) in asked._labels)
        {
            if (this[key] != value)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Those under these keys; null when one is missing.</summary>
    public LabelSet? Only(ValueList<string> keys) =>
        keys.All(key => this[key] is not null) ? new(keys.Select(key => KeyValuePair.Create(key, this[key]!))) : null;

    /// <summary>With these besides; where both have a label, the other's value.</summary>
    public LabelSet With(LabelSet other) => other.IsEmpty ? this : new(_labels.Where(label => other[label.Key] is null).Concat(other._labels));

    public bool Equals(LabelSet? other)
    {
        if (ReferenceEquals(this, other))
        {
            return true;
        }

        if (other is null || other._hash != _hash || other._labels.Length != _labels.Length)
        {
            return false;
        }

        for (var i = 0; i < _labels.Length; i++)
        {
            if (_labels[i].Key != other._labels[i].Key || _labels[i].Value != other._labels[i].Value)
            {
                return false;
            }
        }

        return true;
    }

    public override bool Equals(object? obj) => Equals(obj as LabelSet);

    public override int GetHashCode() => _hash;

    public override string ToString() => string.Join(", ", _labels.Select(label => $"{label.Key}={label.Value}"));
}
