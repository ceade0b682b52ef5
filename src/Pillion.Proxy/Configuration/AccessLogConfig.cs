using Pillion.Core.Configuration;
using Pillion.Core.Signals.Otlp;

namespace Pillion.Proxy.Configuration;

/// <summary>How one access log line is laid out.</summary>
internal enum AccessLogFormat
{
    /// <summary>Pillion's JSON lines, every field it knows.</summary>
    Json,

    /// <summary>A text of Envoy's operators (<c>%REQ(:METHOD)%</c>); Envoy's default line when no format is given.</summary>
    Text,

    /// <summary>A JSON object whose values are texts of Envoy's operators (Envoy: json_format).</summary>
    JsonFields,
}

/// <summary>Where access log lines go and what they look like.</summary>
internal sealed record AccessLogConfig
{
    /// <summary>A file path, or /dev/stdout, /dev/stderr.</summary>
    public required string Path { get; init; }

    public AccessLogFormat Format { get; init; } = AccessLogFormat.Json;

    /// <summary>The operators' text when <see cref="Format"/> is Text; null is Envoy's default line.</summary>
    public string? Text { get; init; }

    /// <summary>Key and operators' text when <see cref="Format"/> is JsonFields.</summary>
    public ValueList<KeyValuePair<string, string>> Fields { get; init; } = [];

    /// <summary>The collector that records go to instead of lines to a file; null is a file.</summary>
    public OtlpConfig? Otlp { get; init; }

    /// <summary>Further attributes of such a record: key and operators' text.</summary>
    public ValueList<KeyValuePair<string, string>> Attributes { get; init; } = [];

    public SourceLine Source { get; init; }
}
