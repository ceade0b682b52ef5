using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace Pillion.Core.Configuration;

/// <summary>
/// The kinds of one extension point, or the values of one setting, under the names of the config file. The list gives each kind its name check
/// with a suggestion and its place in the generated reference.
/// </summary>
/// <param name="kind">What the names name, in one or two words: "balancer".</param>
internal sealed class Registry<T>(string kind) : IEnumerable<KeyValuePair<string, T>>
{
    private readonly List<KeyValuePair<string, T>> _entries = [];

    public string Kind { get; } = kind;

    public IEnumerable<string> Names => _entries.Select(entry => entry.Key);

    public void Add(string name, T entry)
    {
        if (TryGet(name, out _))
        {
            throw new ArgumentException($"The {Kind} '{name}' is listed twice.", nameof(name));
        }

        _entries.Add(new(name, entry));
    }

    public bool TryGet(string name, [MaybeNullWhen(false)] out T entry)
    {
        foreach (var (known, value) in _entries)
        {
            if (known == name)
            {
                entry = value;
                return true;
            }
        }

        entry = default;
        return false;
    }

    /// <summary>The first name of a value; the reference shows defaults by it.</summary>
    public string NameOf(T value) => _entries.Find(entry => EqualityComparer<T>.Default.Equals(entry.Value, value)).Key ?? "";

    /// <summary>What to write instead of an unknown name.</summary>
    public string Suggest(string written) => NearestName.Of(written, Names) is { } nearest
        ? $"did you mean '{nearest}'?"
        : $"use {Choices()}";

    /// <summary>The names as a sentence lists them: <c>a, b or c</c>.</summary>
    public string Choices()
    {
        var names = Names.ToList();
        return names.Count == 1 ? names[0] : $"{string.Join(", ", names.Take(names.Count - 1))} or {names[^1]}";
    }

    public IEnumerator<KeyValuePair<string, T>> GetEnumerator() => _entries.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
