using Pillion.Core.Configuration;

namespace Pillion.Proxy.Filters;

/// <summary>A filter as the user wrote it. Its type says which kind it is; equal by content, so that what did not change keeps its state over a reload.</summary>
internal abstract record FilterConfig
{
    public abstract FilterKind Kind { get; }

    /// <summary>Names of request headers that it decides on: what imitates one of them, with underscores for hyphens, is rejected before.</summary>
    public virtual IEnumerable<string> FieldsRead => [];

    public SourceLine Source { get; init; }
}
