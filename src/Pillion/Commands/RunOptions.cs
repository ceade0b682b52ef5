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

    /// <summary>Pillion's own log as JSON lines.</summary>
    public bool LogsJson { get; init; }

    /// <summary>.NET's own sockets instead of epoll: what macOS and Windows always use.</summary>
    public bool PortableNetwork { get; init; }

    /// <summary>Have the kernel redirect connections, as the file's <c>capture</c> says, for as long as the sidecar runs.</summary>
    public bool Capture { get; init; }

    /// <summary>The application to start and its arguments; empty where it is not ours to start.</summary>
    public IReadOnlyList<string> Application { get; init; } = [];
}
