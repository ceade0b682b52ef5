using Pillion.Core.Configuration;

namespace Pillion.Proxy.Configuration;

internal enum HeaderAppend
{
    /// <summary>Add a further field (Envoy: APPEND_IF_EXISTS_OR_ADD).</summary>
    Add,

    /// <summary>Add only where there is none (Envoy: ADD_IF_ABSENT).</summary>
    AddIfAbsent,

    /// <summary>Replace what is there, or add (Envoy: OVERWRITE_IF_EXISTS_OR_ADD).</summary>
    Set,

    /// <summary>Replace only where there is one (Envoy: OVERWRITE_IF_EXISTS).</summary>
    SetIfPresent,
}

/// <param name="Value">May hold access-log operators, such as <c>%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%</c>; <c>%%</c> is a per cent sign.</param>
internal sealed record HeaderValueConfig(string Name, string Value, HeaderAppend Append);

/// <summary>Removals happen first, then additions in their order.</summary>
internal sealed record HeaderEditConfig
{
    public static readonly HeaderEditConfig None = new();

    public ValueList<string> Remove { get; init; } = [];

    public ValueList<HeaderValueConfig> Add { get; init; } = [];
}
