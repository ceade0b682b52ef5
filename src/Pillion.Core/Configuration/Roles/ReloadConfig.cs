using Pillion.Core.Configuration.Reading;

namespace Pillion.Core.Configuration.Roles;

/// <summary>When the file is read again. SIGHUP always does it.</summary>
internal sealed record ReloadConfig
{
    /// <summary>Read the file again when it changes, also by the symlink swap of a mounted ConfigMap.</summary>
    public bool Watch { get; init; } = true;

    public static ReloadConfig Read(ConfigValue value)
    {
        using var map = value.AsMap();
        return new() { Watch = map.Optional("watch", "Read the file again when it changes. SIGHUP does so in any case.").AsBool(true) };
    }
}
