using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Envoy;

/// <summary>The file, stdout and stderr access loggers with text and JSON formats, and the one for OpenTelemetry.</summary>
internal static class EnvoyAccessLog
{
    private static readonly EnvoyExtension File = new("FileAccessLog", "envoy.access_loggers.file", "envoy.file_access_log");
    private static readonly EnvoyExtension Stdout = new("StdoutAccessLog", "envoy.access_loggers.stdout");
    private static readonly EnvoyExtension Stderr = new("StderrAccessLog", "envoy.access_loggers.stderr");

    private static readonly EnvoyExtension OpenTelemetry = new("OpenTelemetryAccessLogConfig", "envoy.access_loggers.open_telemetry");

    public static AccessLogConfig? Read(ConfigValue value, EnvoyScope scope)
    {
        using var map = value.AsMap();
        if (map.IsDescribing)
        {
            // Open describes its first kind.
            using var described = EnvoyExtension.Describe(map.Optional("typed_config"), OpenTelemetry);
            _ = EnvoyOtlp.ReadAccessLog(described, value, scope);
        }

        var (kind, settings) = EnvoyExtension.Open(map, "an access logger", File, Stdout, Stderr, OpenTelemetry);
        using (settings)
        {
            if (kind is null)
            {
                return null;
            }

            if (kind == OpenTelemetry)
            {
                return EnvoyOtlp.ReadAccessLog(settings!, value, scope);
            }

            var path = kind == Stdout ? "/dev/stdout" : kind == Stderr ? "/dev/stderr" :
                settings!.Required("path").AsTextOrNull("log path", text => text.StartsWith('/') && !text.Contains('\0'), "use an absolute path");
            var log = new AccessLogConfig { Path = path ?? "/dev/null", Format = AccessLogFormat.Text, Source = value.Source };

            // format and json_format stood here before log_format was made.
            log = kind == File ? ReadFormat(settings!, "format", log) : log;
            var format = settings!.Optional("log_format");
            using var formatMap = format.AsMap();
            return format.Exists || format.IsDescribing ? ReadFormat(formatMap, "text_format", log) : log;
        }
    }

    private static AccessLogConfig ReadFormat(ConfigMap map, string textField, AccessLogConfig log)
    {
        var text = OperatorText.Read(map.Optional(textField));
        using (var source = map.Optional("text_format_source").AsMap())
        {
            text ??= OperatorText.Read(source.Optional("inline_string"));
        }

        var fields = new List<KeyValuePair<string, string>>();
        var json = map.Optional("json_format");
        json.AsNamed("NAME", (name, field) =>
        {
            if (OperatorText.Read(field) is { } operators)
            {
                fields.Add(new(name, operators));
            }
        });
        if (json.Exists)
        {
            return log with { Format = AccessLogFormat.JsonFields, Fields = new([.. fields]) };
        }

        // Envoy's texts carry their own line end; ours are lines.
        return text is null ? log : log with { Text = text.EndsWith('\n') ? text[..^1] : text };
    }
}
