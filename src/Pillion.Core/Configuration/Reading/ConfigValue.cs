using System.Globalization;
using System.Net;
using Pillion.Core.Configuration.Documents;
using Pillion.Core.Configuration.Reference;
using Pillion.Net;

namespace Pillion.Core.Configuration.Reading;

/// <summary>
/// A place in a document, which may be empty. Reads are typed; a mistake is noted with its position and the fallback returned, so that reading goes on and
/// finds the next mistake. An empty place gives the fallback in silence: where it was required, that was noted already.
/// </summary>
internal readonly struct ConfigValue
{
    private readonly ConfigReading _reading;
    private readonly ConfigNode? _node;
    private readonly int _line;
    private readonly int _column;
    private readonly string _meaning;
    private readonly bool _required;

    public ConfigValue(ConfigReading reading, ConfigNode? node, string path, int line, int column, string meaning, bool required)
    {
        _reading = reading;
        _node = node is { Kind: ConfigNodeKind.Null } ? null : node;
        Path = path;
        _line = node?.Line ?? line;
        _column = node?.Column ?? column;
        _meaning = meaning;
        _required = required;
    }

    public string Path { get; }

    public bool Exists => _node is not null;

    public bool IsMap => _node?.Kind == ConfigNodeKind.Map;

    public bool IsList => _node?.Kind == ConfigNodeKind.List;

    public bool IsText => _node?.Kind == ConfigNodeKind.Text;

    /// <summary>The readers are being asked what they read; there is no document, and no rule between settings applies.</summary>
    public bool IsDescribing => _reading.Outline is not null;

    public SourceLine Source => new(_reading.File, _node is null ? 0 : _line, _node is null ? 0 : _column, Path);

    /// <summary>The scalar itself, or empty: for readers that look before they choose how to read.</summary>
    public string Text => _node?.Text ?? "";

    /// <summary>Items of a list; 0 for anything else.</summary>
    public int Count => _node?.Items.Count ?? 0;

    /// <summary>Notes a mistake at this place.</summary>
    public void Fail(string problem, string remedy) => _reading.Fail(_line, _column, Path, problem, remedy);

    /// <summary>Notes that the scalar here is not what it should be.</summary>
    public void FailText(string problem, string remedy) => Fail($"{Shown} {problem}", remedy);

    public string AsText(string fallback = "")
    {
        Describe("text", fallback);
        return Scalar("text") ?? fallback;
    }

    public string? AsTextOrNull()
    {
        Describe("text", null);
        return Scalar("text");
    }

    /// <summary>Text that a rule accepts; the rule's remedy is told when it does not.</summary>
    public string? AsTextOrNull(string type, Func<string, bool> isRight, string remedy)
    {
        Describe(type, null);
        if (Scalar(WithArticle(type)) is not { } text)
        {
            return null;
        }

        if (isRight(text))
        {
            return text;
        }

        FailText($"is not {WithArticle(type)}", remedy);
        return null;
    }

    public string AsText(string type, Func<string, bool> isRight, string remedy, string fallback = "")
    {
        Describe(type, fallback);
        return AsTextOrNull(type, isRight, remedy) ?? fallback;
    }

    public bool AsBool(bool fallback)
    {
        Describe("true or false", fallback ? "true" : "false");
        switch (Scalar("true or false"))
        {
            case null:
                return fallback;
            case "true":
                return true;
            case "false":
                return false;
            default:
                FailText("is neither true nor false", "use true or false");
                return fallback;
        }
    }

    public bool? AsBoolOrNull()
    {
        if (Exists)
        {
            return AsBool(false);
        }

        Describe("true or false", null);
        return null;
    }

    public int AsInt(int fallback, int min = 0, int max = int.MaxValue) => (int)AsLong(fallback, min, max);

    public int? AsIntOrNull(int min = 0, int max = int.MaxValue)
    {
        if (Exists)
        {
            return (int)AsLong(min, min, max);
        }

        Describe(RangeType(min, max), null);
        return null;
    }

    public long AsLong(long fallback, long min, long max)
    {
        Describe(RangeType(min, max), fallback.ToString(CultureInfo.InvariantCulture));
        if (Scalar("a whole number") is not { } text)
        {
            return fallback;
        }

        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max)
        {
            return number;
        }

        FailText(number == 0 && text != "0" ? "is not a whole number" : "is out of range", $"use {Range(min, max)}");
        return fallback;
    }

    public double AsNumber(double fallback, double min, double max)
    {
        Describe("number", fallback.ToString(CultureInfo.InvariantCulture));
        if (Scalar("a number") is not { } text)
        {
            return fallback;
        }

        if (double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            && number >= min && number <= max)
        {
            return number;
        }

        FailText("is not a number in range", FormattableString.Invariant($"use {min}-{max}"));
        return fallback;
    }

    /// <summary>A share such as <c>20%</c>, given in per cent.</summary>
    public double AsPercent(double fallback)
    {
        Describe("percentage", FormattableString.Invariant($"{fallback}%"));
        if (Scalar("a percentage") is not { } text)
        {
            return fallback;
        }

        if (text.EndsWith('%') && double.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var percent)
            && percent is >= 0 and <= 100)
        {
            return percent;
        }

        FailText("is not a percentage", "use 0%-100%");
        return fallback;
    }

    public int AsPort(int fallback)
    {
        Describe("port", fallback.ToString(CultureInfo.InvariantCulture));
        if (Scalar("a port") is not { } text)
        {
            return fallback;
        }

        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and <= 65535)
        {
            return port;
        }

        FailText("is not a port", "use 1-65535");
        return fallback;
    }

    /// <summary>Zero where zero means off; the caller says so in the setting's meaning.</summary>
    public TimeSpan AsDuration(TimeSpan fallback, TimeSpan min = default)
    {
        Describe("duration", DurationText.Format(fallback));
        if (Scalar("a duration") is not { } text)
        {
            return fallback;
        }

        if (!DurationText.TryParse(text, out var duration))
        {
            FailText("is not a duration", DurationText.Remedy(text));
            return fallback;
        }

        if (duration < min || duration > DurationText.Longest)
        {
            FailText("is out of range", $"use {DurationText.Format(min)} to {DurationText.Format(DurationText.Longest)}");
            return fallback;
        }

        return duration;
    }

    public TimeSpan? AsDurationOrNull()
    {
        if (Exists)
        {
            return AsDuration(TimeSpan.Zero);
        }

        Describe("duration", null);
        return null;
    }

    /// <summary>A size in bytes: a number, or one with KiB, MiB, GiB (or kB, MB, GB).</summary>
    public int AsSize(int fallback, int min = 0, int max = int.MaxValue)
    {
        Describe("size", SizeText.Format(fallback));
        if (Scalar("a size") is not { } text)
        {
            return fallback;
        }

        if (!SizeText.TryParse(text, out var bytes))
        {
            FailText("is not a size", "use a number of bytes, or one with KiB or MiB, such as 64KiB");
            return fallback;
        }

        if (bytes < min || bytes > max)
        {
            FailText("is out of range", $"use {SizeText.Format(min)} to {SizeText.Format(max)}");
            return fallback;
        }

        return (int)bytes;
    }

    /// <summary>An address as people write it; null after a mistake.</summary>
    /// <param name="listening">Port 0 is then right too: the kernel chooses a free one.</param>
    public Address? AsAddress(Address? fallback = null, string prefix = "", bool listening = false)
    {
        Describe("address", fallback?.ToString());
        if (Scalar("an address") is not { } text)
        {
            return fallback;
        }

        var rest = text.StartsWith(prefix, StringComparison.Ordinal) ? text[prefix.Length..] : text;
        if (AddressText.TryParse(rest, listening, out var address, out var problem))
        {
            return address;
        }

        FailText(problem, rest.StartsWith("unix:", StringComparison.Ordinal) ? "use unix:/path/of/the.sock, at most 107 bytes" : "use host:port, [v6 address]:port or unix:/path");
        return fallback;
    }

    /// <summary>The path of a file or directory; one that is relative is relative to the configuration file.</summary>
    public string? AsFileOrNull() =>
        AsTextOrNull("file", path => path.Length is > 0 and < 4096 && !path.Contains('\0'), "use the path of a file") is { } text ? _reading.Locate(text) : null;

    /// <summary>A network such as <c>10.0.0.0/8</c>, or one address.</summary>
    public IPNetwork? AsNetworkOrNull()
    {
        Describe("network", null);
        if (Scalar("a network") is not { } text)
        {
            return null;
        }

        if (NetworkText.TryParse(text, out var network, out var problem, out var remedy))
        {
            return network;
        }

        FailText(problem, remedy);
        return null;
    }

    /// <summary>What the environment variable holds that is named here.</summary>
    public string? AsVariableOrNull()
    {
        Describe("environment variable", null);
        if (Scalar("the name of an environment variable") is not { } name)
        {
            return null;
        }

        var content = _reading.Environment(name);
        if (content is null)
        {
            FailText("is not set in the environment", "set it, or take the value from elsewhere");
        }

        return content;
    }

    /// <summary>As above, or what is taken where the variable is not set.</summary>
    public string VariableOr(string otherwise)
    {
        Describe("environment variable", null);
        return Scalar("the name of an environment variable") is { } name ? _reading.Environment(name) ?? otherwise : otherwise;
    }

    /// <summary>What stands under one of a list of names.</summary>
    public T AsOneOf<T>(Registry<T> names, T fallback) =>
        names.TryGet(AsNameOf(names, names.NameOf(fallback)), out var value) ? value : fallback;

    /// <summary>One of a list of names.</summary>
    public string AsNameOf<T>(Registry<T> names, string fallback)
    {
        Describe(names.Choices(), fallback);
        if (Scalar($"the name of {WithArticle(names.Kind)}") is not { } text)
        {
            return fallback;
        }

        if (names.TryGet(text, out _))
        {
            return text;
        }

        FailText($"is not {WithArticle(names.Kind)}", names.Suggest(text));
        return fallback;
    }

    /// <summary>A list, each item read by the same reader; items the reader gives up on are left out.</summary>
    public ValueList<T> AsList<T>(Func<ConfigValue, T?> read) where T : class
    {
        Describe("list", null);
        if (IsDescribing)
        {
            read(new(_reading, null, Path + "[]", 0, 0, "", required: false));
            return [];
        }

        if (IsWrong(ConfigNodeKind.List))
        {
            Fail($"is {Shape}", "use a list");
        }

        if (!IsList)
        {
            return [];
        }

        var items = new List<T>();
        for (var i = 0; i < _node!.Items.Count; i++)
        {
            var node = _node.Items[i];
            var item = new ConfigValue(_reading, node, ConfigPath.Item(Path, i), node.Line, node.Column, "", required: true);
            if (!item.Exists)
            {
                item.Fail("is empty", "remove the item or give it a value");
            }
            else if (read(item) is { } value)
            {
                items.Add(value);
            }
        }

        return new([.. items]);
    }

    /// <summary>As <see cref="AsList"/>, for values that are not objects; written as a list or, when it is one, alone.</summary>
    public ValueList<T> AsValues<T>(Func<ConfigValue, T?> read) where T : struct
    {
        var values = new List<T>();
        if (IsText)
        {
            Add(this);
        }
        else
        {
            _ = AsList(item => Add(item));
        }

        return new([.. values]);

        string Add(ConfigValue item)
        {
            if (read(item) is { } value)
            {
                values.Add(value);
            }

            return "";
        }
    }

    /// <summary>Texts, written as a list or, when it is one, alone.</summary>
    public ValueList<string> AsTexts(Func<ConfigValue, string?> read, ValueList<string>? fallback = null)
    {
        if (IsDescribing)
        {
            Describe("list of text", fallback is null ? null : string.Join(", ", fallback));
            return fallback ?? [];
        }

        return !Exists ? fallback ?? [] : IsText ? read(this) is { } one ? [one] : [] : AsList(read);
    }

    /// <summary>A map whose keys are names the user chose.</summary>
    /// <param name="placeholder">What stands for a name in the reference.</param>
    public void AsNamed(string placeholder, Action<string, ConfigValue> read)
    {
        Describe("map", null);
        if (IsDescribing)
        {
            read(placeholder, new(_reading, null, $"{Path}.{placeholder}", 0, 0, "", required: false));
            return;
        }

        if (IsWrong(ConfigNodeKind.Map))
        {
            Fail($"is {Shape}", "use a map of names");
        }

        if (IsMap)
        {
            foreach (var entry in _node!.Entries)
            {
                read(entry.Key, new(_reading, entry.Value, ConfigPath.Key(Path, entry.Key), entry.Line, entry.Column, "", required: true));
            }
        }
    }

    /// <summary>A map of settings. Dispose it after the last read: keys that nobody asked for are then noted.</summary>
    /// <param name="shape">A name for a map that occurs in several places, described once in the reference.</param>
    public ConfigMap AsMap(string? shape = null)
    {
        if (IsDescribing)
        {
            Describe(shape is null ? "map" : $"[{shape}](#{shape.Replace(' ', '-').ToLowerInvariant()})", null);
            return shape is null
                ? new ConfigMap(_reading, null, Path, 0, 0)
                : new ConfigMap(_reading with { Outline = _reading.Outline!.Shape(shape) }, null, "", 0, 0);
        }

        if (IsWrong(ConfigNodeKind.Map))
        {
            Fail($"is {Shape}", "use a map of settings");
        }

        return new ConfigMap(_reading, IsMap ? _node : null, Path, _line, _column);
    }

    private bool IsWrong(ConfigNodeKind kind) => _node is not null && _node.Kind != kind && _node.Kind != ConfigNodeKind.Broken;

    private string Shape => _node?.Kind switch
    {
        ConfigNodeKind.List => "a list",
        ConfigNodeKind.Map => "a map",
        _ => Shown,
    };

    // Where the environment was put in, the message says so: the reader of the file does not see the value there.
    private string Shown => _node?.Written is { } written ? $"{ConfigError.Quote(Text)} (from {written})" : ConfigError.Quote(Text);

    private string? Scalar(string type)
    {
        if (IsWrong(ConfigNodeKind.Text))
        {
            Fail($"is {Shape}", $"use {type}");
        }

        return IsText ? Text : null;
    }

    private void Describe(string type, string? fallback)
    {
        if (_reading.Outline is { } outline)
        {
            outline.Add(new OutlineRow(Path, type, _required ? null : fallback, _required, _meaning));
        }
    }

    private static string Range(long min, long max) => min < -int.MaxValue ? "of 64 bits" : max is int.MaxValue or long.MaxValue ? $"{min} or more" : $"{min}-{max}";

    private static string RangeType(long min, long max) => $"whole number, {Range(min, max)}";

    private static string WithArticle(string noun) => $"{(char.ToLowerInvariant(noun[0]) is 'a' or 'e' or 'i' or 'o' or 'u' ? "an" : "a")} {noun}";
}
