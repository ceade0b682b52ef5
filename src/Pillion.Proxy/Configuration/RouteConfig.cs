using Pillion.Core.Configuration;
using Pillion.Proxy.Filters;

namespace Pillion.Proxy.Configuration;

/// <summary>One route: what it matches and what happens then. The first that matches wins.</summary>
internal sealed record RouteConfig
{
    /// <summary>The name in metrics, logs and explanations; made from the match when the user gave none.</summary>
    public required string Name { get; init; }

    public required RouteMatchConfig Match { get; init; }

    public required RouteActionConfig Action { get; init; }

    public HeaderEditConfig RequestHeaders { get; init; } = HeaderEditConfig.None;

    public HeaderEditConfig ResponseHeaders { get; init; } = HeaderEditConfig.None;

    /// <summary>All that its requests go through, in this order; what it inherits is the same object as that of the others who inherit it.</summary>
    public ValueList<FilterConfig> Filters { get; init; } = [];

    public SourceLine Source { get; init; }
}

/// <summary>Every condition must hold.</summary>
internal sealed record RouteMatchConfig
{
    public PathMatchConfig Path { get; init; } = new(PathMatchKind.Prefix, "/");

    /// <summary>Compare the path without regard to case (Envoy: case_sensitive false).</summary>
    public bool IgnoreCase { get; init; }

    /// <summary>Methods, upper case; empty matches all.</summary>
    public ValueList<string> Methods { get; init; } = [];

    public ValueList<ValueMatchConfig> Headers { get; init; } = [];

    public ValueList<ValueMatchConfig> Query { get; init; } = [];
}

internal enum PathMatchKind
{
    Prefix,

    Exact,

    /// <summary><c>/a</c> matches <c>/a</c> and <c>/a/b</c>, not <c>/ab</c> (Envoy: path_separated_prefix).</summary>
    SeparatedPrefix,

    /// <summary>The whole path, without the query, must match; no backtracking.</summary>
    Regex,

    /// <summary>A CONNECT request, whatever its target (Envoy: connect_matcher).</summary>
    Connect,
}

internal sealed record PathMatchConfig(PathMatchKind Kind, string Value);

internal enum ValueMatchKind
{
    Present,
    Exact,
    Prefix,
    Suffix,
    Contains,
    Regex,

    /// <summary>An integer in [<see cref="ValueMatchConfig.RangeStart"/>, <see cref="ValueMatchConfig.RangeEnd"/>).</summary>
    Range,
}

/// <summary>A condition on one header or one query parameter.</summary>
internal sealed record ValueMatchConfig
{
    public required string Name { get; init; }

    public ValueMatchKind Kind { get; init; } = ValueMatchKind.Present;

    public string Value { get; init; } = "";

    public long RangeStart { get; init; }

    public long RangeEnd { get; init; }

    public bool IgnoreCase { get; init; }

    /// <summary>The condition must not hold (Envoy: invert_match, present_match false).</summary>
    public bool Invert { get; init; }

    /// <summary>A missing header is read as an empty one (Envoy: treat_missing_header_as_empty).</summary>
    public bool MissingIsEmpty { get; init; }
}
