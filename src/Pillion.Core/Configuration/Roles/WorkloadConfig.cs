using Pillion.Core.Configuration.Reading;

namespace Pillion.Core.Configuration.Roles;

/// <summary>Whom this sidecar stands beside.</summary>
internal sealed record WorkloadConfig
{
    /// <summary>As its service account has it; empty when the file does not say.</summary>
    public string Name { get; init; } = "";

    public static WorkloadConfig Read(ConfigValue value) => new() { Name = value.AsText("name", ConfigName.IsRight, ConfigName.Remedy) };
}
