using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Pillion.Core.Signals.Logging;

/// <summary>
/// The levels of Pillion's own log by category, changed while it runs. A category is the feature's name (<c>listener</c>, <c>upstream</c>);
/// one that was given no level follows the default.
/// </summary>
internal sealed class LogLevels(LogLevel initial)
{
    private static readonly (string Word, LogLevel Level)[] Words =
    [
        ("trace", LogLevel.Trace),
        ("debug", LogLevel.Debug),
        ("info", LogLevel.Information),
        ("warn", LogLevel.Warning),
        ("error", LogLevel.Error),
        ("critical", LogLevel.Critical),
        ("off", LogLevel.None),
    ];

    private readonly ConcurrentDictionary<string, Category> _categories = new(StringComparer.Ordinal);
    private volatile int _default = (int)initial;
    private volatile int _floor;

    /// <summary>Nothing below it is logged, whatever the categories say: memory is short.</summary>
    public LogLevel Floor
    {
        get => (LogLevel)_floor;
        set => _floor = (int)value;
    }

    public LogLevel Default => (LogLevel)_default;

    /// <summary>The words that <see cref="TryRead"/> takes, for an error message.</summary>
    public static string KnownWords => string.Join(", ", Words.Select(w => w.Word));

    /// <summary>Sets the default and takes back what categories were given.</summary>
    public void SetAll(LogLevel level)
    {
        _default = (int)level;
        foreach (var category in _categories.Values)
        {
            category.Own = null;
        }
    }

    /// <summary>Sets one category; false when nothing of that name has ever logged or could.</summary>
    public bool TrySet(string category, LogLevel level)
    {
        if (!_categories.TryGetValue(category, out var known))
        {
            return false;
        }

        known.Own = level;
        return true;
    }

    /// <summary>Every category with its level, by name.</summary>
    public IReadOnlyList<(string Category, LogLevel Level)> All() =>
        [.. _categories.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => (pair.Key, pair.Value.Level))];

    public Category Of(string category) => _categories.GetOrAdd(category, _ => new Category(this));

    /// <summary>Reads a level as a person writes it: <c>debug</c>, <c>warn</c>, also <c>warning</c> and <c>information</c>.</summary>
    public static bool TryRead(string text, out LogLevel level)
    {
        var word = text.ToLowerInvariant() switch
        {
            "warning" => "warn",
            "information" => "info",
            "none" => "off",
            "err" => "error",
            var other => other,
        };
        var index = Array.FindIndex(Words, w => w.Word == word);
        level = index < 0 ? LogLevel.None : Words[index].Level;
        return index >= 0;
    }

    public static string Word(LogLevel level) => Words[(int)level].Word;

    /// <summary>One category's level; loggers keep the object and ask it each time.</summary>
    internal sealed class Category(LogLevels levels)
    {
        private const int Follows = -1;

        private volatile int _own = Follows;

        /// <summary>Null follows the default.</summary>
        public LogLevel? Own
        {
            set => _own = value is { } level ? (int)level : Follows;
        }

        public LogLevel Level => _own == Follows ? levels.Default : (LogLevel)_own;

        public bool IsEnabled(LogLevel level) => level >= Level && level >= levels.Floor;
    }
}
