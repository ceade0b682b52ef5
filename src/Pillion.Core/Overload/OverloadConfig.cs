using System.Globalization;
using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;

namespace Pillion.Core.Overload;

/// <summary>How much memory the process may use, and what is given up near that (Envoy: overload_manager).</summary>
internal sealed record OverloadConfig
{
    /// <summary>Of the control group's limit; where there is none, there is no ceiling.</summary>
    public const double DefaultPercent = 95;

    /// <summary>Below the point where an action began it goes on, so that it does not flutter.</summary>
    public const double Hysteresis = 5;

    /// <summary>A measurement costs two small reads of /proc; a loop that fills memory at 1 Gbit/s takes 100 MiB between two of them.</summary>
    public static readonly TimeSpan DefaultInterval = TimeSpan.FromSeconds(1);

    private static readonly (OverloadActions Action, double Percent, string Meaning)[] Defaults =
    [
        (OverloadActions.Mirrors, 80, "Copies of requests are not sent from here on."),
        (OverloadActions.DebugLogs, 85, "Nothing below `info` is logged from here on."),
        (OverloadActions.Garbage, 85, "The garbage is collected once, here."),
        (OverloadActions.IdleConnections, 90, "Idle connections of both sides are closed from here on, others behind their answer."),
        (OverloadActions.Connections, 90, "New connections are refused from here on, and the sidecar is not ready."),
        (OverloadActions.Requests, 95, "New requests are answered 503 from here on."),
    ];

    public bool IsOff { get; init; }

    /// <summary>The ceiling of what the process itself uses; null goes by <see cref="MemoryPercent"/>.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>What the control group uses is held against <see cref="MemoryBytes"/>, not what the process does (Envoy: cgroup_memory).</summary>
    public bool CountsGroup { get; init; }

    /// <summary>The ceiling of what the control group uses, in per cent of its limit.</summary>
    public double MemoryPercent { get; init; } = DefaultPercent;

    public TimeSpan Interval { get; init; } = DefaultInterval;

    /// <summary>From which share of the ceiling on, in per cent, each is done; what is not listed is not done.</summary>
    public ValueList<OverloadStep> Steps { get; init; } = [.. Defaults.Select(one => new OverloadStep(one.Action, one.Percent))];

    public SourceLine Source { get; init; }

    public static OverloadConfig Read(ConfigValue value)
    {
        if (value.IsText && value.Text == "off")
        {
            return new() { IsOff = true, Source = value.Source };
        }

        using var map = value.AsMap();
        var (bytes, percent) = ReadMemory(map.Optional("memory", "The ceiling: a size such as `200MiB` for the process itself, or a share such as `80%` of the limit that its control group (container) has. Default: 95% of that limit; without a limit there is no ceiling."));
        using var shed = map.Optional("shed", "From which share of the ceiling on something is given up.").AsMap();
        var steps = Defaults.Select(one => new OverloadStep(one.Action, shed.Optional(WordOf(one.Action), one.Meaning).AsPercent(one.Percent))).ToArray();
        return new() { MemoryBytes = bytes, MemoryPercent = percent, Steps = new(steps), Source = value.Source };
    }

    private static string WordOf(OverloadActions action) => Array.Find(OverloadWords.All, one => one.Action == action).Word;

    private static (long? Bytes, double Percent) ReadMemory(ConfigValue value)
    {
        if (value.AsTextOrNull("size or share", text => TryParse(text, out _, out _), "use a size of at least 16MiB such as 200MiB, or a share such as 80%") is not { } text)
        {
            return (null, DefaultPercent);
        }

        TryParse(text, out var bytes, out var percent);
        return (bytes, percent);
    }

    private static bool TryParse(string text, out long? bytes, out double percent)
    {
        (bytes, percent) = (null, DefaultPercent);
        if (text.EndsWith('%'))
        {
            return double.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out percent) && percent is > 0 and <= 100;
        }

        // Below what an idle sidecar uses everything would be refused for ever.
        var isSize = SizeText.TryParse(text, out var size) && size >= 16 << 20;
        bytes = size;
        return isSize;
    }
}

/// <param name="Percent">Of the ceiling.</param>
internal sealed record OverloadStep(OverloadActions Action, double Percent);
