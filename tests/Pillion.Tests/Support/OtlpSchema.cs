using System.Text.Json.Nodes;
using Pillion.Core.Signals.Otlp;

namespace Pillion.Tests.Support;

/// <summary>The messages of OTLP 1.x as far as we write them, by their numbers in opentelemetry-proto.</summary>
internal static class OtlpSchema
{
    private static readonly ProtoSchema Schema = new(
        """
        ExportTrace: 1 resourceSpans *ResourceSpans
        ResourceSpans: 1 resource Resource, 2 scopeSpans *ScopeSpans
        ScopeSpans: 1 scope Scope, 2 spans *Span
        Span: 1 traceId bytes, 2 spanId bytes, 3 traceState string, 4 parentSpanId bytes, 5 name string, 6 kind enum, 7 start fixed64, 8 end fixed64, 9 attributes *KeyValue, 11 events *Event, 15 status Status, 16 flags fixed32
        Event: 1 time fixed64, 2 name string, 3 attributes *KeyValue
        Status: 2 message string, 3 code enum
        ExportLogs: 1 resourceLogs *ResourceLogs
        ResourceLogs: 1 resource Resource, 2 scopeLogs *ScopeLogs
        ScopeLogs: 1 scope Scope, 2 logRecords *LogRecord
        LogRecord: 1 time fixed64, 2 severity enum, 3 severityText string, 5 body AnyValue, 6 attributes *KeyValue, 8 flags fixed32, 9 traceId bytes, 10 spanId bytes, 11 observed fixed64
        ExportMetrics: 1 resourceMetrics *ResourceMetrics
        ResourceMetrics: 1 resource Resource, 2 scopeMetrics *ScopeMetrics
        ScopeMetrics: 1 scope Scope, 2 metrics *Metric
        Metric: 1 name string, 2 description string, 3 unit string, 5 gauge Gauge, 7 sum Sum, 9 histogram Histogram
        Gauge: 1 points *NumberPoint
        Sum: 1 points *NumberPoint, 2 temporality enum, 3 monotonic bool
        Histogram: 1 points *HistogramPoint, 2 temporality enum
        NumberPoint: 2 start fixed64, 3 time fixed64, 4 double double, 6 int sfixed64, 7 attributes *KeyValue
        HistogramPoint: 2 start fixed64, 3 time fixed64, 4 count fixed64, 5 sum double, 6 counts *fixed64, 7 bounds *double, 8 exemplars *Exemplar, 9 attributes *KeyValue
        Exemplar: 2 time fixed64, 3 double double, 4 spanId bytes, 5 traceId bytes
        Resource: 1 attributes *KeyValue
        Scope: 1 name string, 2 version string
        KeyValue: 1 key string, 2 value AnyValue
        AnyValue: 1 text string, 2 bool bool, 3 int int, 4 double double
        """);

    public static JsonObject Decode(OtlpSignal signal, ReadOnlySpan<byte> message) =>
        Schema.Decode(signal switch { OtlpSignal.Traces => "ExportTrace", OtlpSignal.Logs => "ExportLogs", _ => "ExportMetrics" }, message);

    /// <summary>The spans, log records or metrics of a message, whatever lies around them.</summary>
    public static IEnumerable<JsonObject> Items(JsonObject message) =>
        message.Single().Value!.AsArray().SelectMany(resource => resource!.AsObject().Last().Value!.AsArray()).SelectMany(scope => scope!.AsObject().Last().Value!.AsArray()).Select(item => item!.AsObject());

    public static JsonObject Resource(JsonObject message) => message.Single().Value![0]!["resource"]!.AsObject();

    /// <summary>An attribute as text; null where there is none.</summary>
    public static string? Attribute(JsonNode item, string name) =>
        item["attributes"]?.AsArray().SingleOrDefault(attribute => (string?)attribute!["key"] == name)?["value"]?.AsObject().Single().Value?.ToString();
}
