using Microsoft.Extensions.Logging;
using Pillion.Net;

namespace Pillion.Commands;

/// <summary>What <c>pillion run</c> was asked for.</summary>
internal sealed record RunOptions
{
    public required string ConfigFile { get; init; }

    /// <summary>Null: as the configuration says.</summary>
    public Address? Admin { get; init; }

    public LogLevel LogLevel { get; init; } = LogLevel.Information;

    /// <summary>Event loops; a loop uses one core.</summary>
    public int Concurrency { get; init; } = Environment.ProcessorCount;

    /// <summary>The application to start and its arguments; empty where it is not ours to start.</summary>
    public IReadOnlyList<string> Application { get; init; } = [];
}
