using Pillion.Core.Configuration.Documents;

namespace Pillion.Reload;

/// <summary>The configuration file: what it says, and its tree for the admin page.</summary>
internal sealed class ConfigFile(string path, Func<string, string?> environment)
{
    private volatile ConfigNode? _newest;

    public string Path => path;

    /// <summary>The tree of the last file without mistakes.</summary>
    public ConfigNode? Tree => _newest;

    /// <summary>A number that stands for the content of the last file without mistakes.</summary>
    public ulong ContentHash { get; private set; }

    /// <summary>The file could not be read at all when it was last loaded.</summary>
    public bool IsUnreadable { get; private set; }

    public LoadResult<PillionConfig> Load()
    {
        var (config, errors) = PillionConfig.Load(path, environment);
        IsUnreadable = errors is [{ IsAboutFile: true }];
        if (config is not null && ConfigDocument.Load(path, environment, []) is { } tree)
        {
            _newest = tree;
            ContentHash = Hash(tree);
        }

        return new LoadResult<PillionConfig>(config, [.. errors.Select(error => error.ToString())]);
    }

    // FNV-1a over keys and values: stable over runs, so that a fleet can be compared by it.
    private static ulong Hash(ConfigNode node, ulong hash = 14695981039346656037)
    {
        hash = Mix(hash, node.Text);
        foreach (var item in node.Items)
        {
            hash = Hash(item, hash);
        }

        foreach (var entry in node.Entries)
        {
            hash = Hash(entry.Value, Mix(hash, entry.Key));
        }

        return hash;
    }

    private static ulong Mix(ulong hash, string text)
    {
        foreach (var c in text)
        {
            hash = (hash ^ c) * 1099511628211;
        }

        return (hash ^ 0xFFFF) * 1099511628211;
    }
}
