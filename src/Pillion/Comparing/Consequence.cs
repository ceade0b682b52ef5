using Pillion.Core.Configuration;

namespace Pillion.Comparing;

/// <summary>One thing that the proxy would do differently, and what that means for what runs.</summary>
/// <param name="What">Its sort: listener, cluster, route.</param>
/// <param name="Name">Its name, with what it stands in.</param>
/// <param name="Effect">What happens to connections, pools and counts when the new file is taken.</param>
internal sealed record Consequence(ChangeKind Kind, string What, string Name, string Effect)
{
    public SourceLine Old { get; init; }

    public SourceLine New { get; init; }

    /// <summary>The compiled fields that differ; empty where the thing is new or gone.</summary>
    public IReadOnlyList<(string Path, string? From, string? To)> Fields { get; init; } = [];
}
