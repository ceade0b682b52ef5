using Pillion.Core.Configuration.Documents;

namespace Pillion.Core.Configuration.Reading;

/// <summary>A map of settings being read. What was asked for is remembered; on disposal every other key is a mistake.</summary>
internal sealed class ConfigMap(ConfigReading reading, ConfigNode? node, string path, int line, int column) : IDisposable
{
    private readonly List<string> _asked = [];
    private readonly List<ConfigValue> _missing = [];
    private readonly bool[] _read = new bool[node?.Entries.Count ?? 0];

    public string Path => path;

    /// <summary>There is such a map in the document.</summary>
    public bool Exists => node is not null;

    public bool IsDescribing => reading.Outline is not null;

    public SourceLine Source => new(reading.File, node is null ? 0 : line, node is null ? 0 : column, path);

    /// <summary>A setting that has a default.</summary>
    /// <param name="meaning">One sentence for the reference; empty where the file format is another program's.</param>
    public ConfigValue Optional(string name, string meaning = "") => Find(name, meaning, required: false);

    /// <summary>A setting that must be there; its absence is noted.</summary>
    public ConfigValue Required(string name, string meaning = "")
    {
        var value = Find(name, meaning, required: true);
        // A map that is itself missing was noted where it was required, or is optional as a whole.
        if (!value.Exists && node is not null && !IsDescribing)
        {
            _missing.Add(value);
        }

        return value;
    }

    /// <summary>A setting of the file's format that we do not have: a mistake that says more than that the key is unknown.</summary>
    public void Refuse(string name, string problem, string remedy)
    {
        if (IndexOf(name) is >= 0 and var i)
        {
            _read[i] = true;
            var entry = node!.Entries[i];
            reading.Fail(entry.Line, entry.Column, ConfigPath.Key(path, entry.Key), problem, remedy);
        }
    }

    /// <summary>The key is there with a value; asking does not count as reading.</summary>
    public bool Has(string name) => IndexOf(name) is >= 0 and var i && node!.Entries[i].Value.Kind != ConfigNodeKind.Null;

    public void Fail(string problem, string remedy) => reading.Fail(line, column, path, problem, remedy);

    public void Dispose()
    {
        // A suggestion costs a look at every name: not for mistakes that would not be listed.
        for (var i = 0; i < _read.Length && reading.Errors.Count <= ConfigErrorList.Most; i++)
        {
            if (_read[i])
            {
                continue;
            }

            var entry = node!.Entries[i];
            var key = Fold(entry.Key);
            var meant = NearestName.Of(key, _asked) is { } nearest && nearest != key ? nearest : null;
            reading.Fail(entry.Line, entry.Column, ConfigPath.Key(path, entry.Key), $"{ConfigError.Quote(entry.Key)} {reading.UnknownKey}", Remedy(meant));
            // Misspelt is not missing: one mistake, told once.
            _missing.RemoveAll(missing => meant is not null && missing.Path == ConfigPath.Key(path, meant));
        }

        foreach (var missing in _missing)
        {
            missing.Fail("is missing", "add it");
        }
    }

    private string Remedy(string? meant) =>
        meant is not null ? $"did you mean '{meant}'?" :
        _asked.Count is > 0 and <= 12 ? $"remove it or use {string.Join(", ", _asked)}" : $"remove it or see {reading.ReferencePage}";

    private ConfigValue Find(string name, string meaning, bool required)
    {
        if (!_asked.Contains(name))
        {
            _asked.Add(name);
        }

        var index = IndexOf(name);
        var valuePath = ConfigPath.Key(path, name);
        if (index < 0)
        {
            return new(reading, null, valuePath, line, column, meaning, required);
        }

        _read[index] = true;
        var entry = node!.Entries[index];
        return new(reading, entry.Value, valuePath, entry.Line, entry.Column, meaning, required);
    }

    private int IndexOf(string name)
    {
        for (var i = 0; i < _read.Length; i++)
        {
            var key = node!.Entries[i].Key;
            if (key == name || Fold(key) == name)
            {
                return i;
            }
        }

        return -1;
    }

    private string Fold(string key)
    {
        if (!reading.FoldCamelCase || !key.Any(char.IsAsciiLetterUpper) || !key.All(char.IsAsciiLetterOrDigit))
        {
            return key;
        }

        return string.Concat(key.Select((c, i) => char.IsAsciiLetterUpper(c) ? (i == 0 ? "" : "_") + char.ToLowerInvariant(c) : c.ToString()));
    }
}
