using System.Net;
using Pillion.Core.Configuration;
using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Filters.Authorization.Conditions;

/// <summary>Something that must be so for a rule to match, as the user wrote it.</summary>
internal sealed record ConditionConfig
{
    public required ConditionKind Kind { get; init; }

    /// <summary>Of <see cref="ConditionKind.All"/>, <see cref="ConditionKind.OneOf"/> and <see cref="ConditionKind.Not"/>.</summary>
    public ValueList<ConditionConfig> Parts { get; init; } = [];

    /// <summary>What a text must be; of headers, query parameters and claims with its name.</summary>
    public ValueMatchConfig? Text { get; init; }

    public PathMatchConfig? Path { get; init; }

    /// <summary>Compare the path without regard to case.</summary>
    public bool IgnoreCase { get; init; }

    public ValueList<string> Methods { get; init; } = [];

    /// <summary>Any of these.</summary>
    public ValueList<IPNetwork> Networks { get; init; } = [];

    /// <summary>The peer itself is meant, also where a PROXY header tells of another (Envoy: direct_remote_ip).</summary>
    public bool IsPhysical { get; init; }

    /// <summary>It or a part of it is <see cref="IsPhysical"/>.</summary>
    public bool AsksForPhysical => IsPhysical || Parts.Any(part => part.AsksForPhysical);

    /// <summary>The first and the last port.</summary>
    public (int First, int Last) Ports { get; init; }

    /// <summary>Names of the headers that it and its parts look at.</summary>
    public IEnumerable<string> Headers => Kind == ConditionKind.Header && !Text!.Name.StartsWith(':') ? [Text.Name] : Parts.SelectMany(part => part.Headers);

    public static ConditionConfig Any { get; } = new() { Kind = ConditionKind.Any };

    public static ConditionConfig Not(ConditionConfig condition) => new() { Kind = ConditionKind.Not, Parts = [condition] };

    /// <summary>At least one of them; a list of one is that one.</summary>
    public static ConditionConfig OneOf(IEnumerable<ConditionConfig> conditions) => Of(ConditionKind.OneOf, [.. conditions]);

    public static ConditionConfig All(IEnumerable<ConditionConfig> conditions) => Of(ConditionKind.All, [.. conditions]);

    private static ConditionConfig Of(ConditionKind kind, ConditionConfig[] parts) => parts is [var only] ? only : new() { Kind = kind, Parts = new(parts) };
}
