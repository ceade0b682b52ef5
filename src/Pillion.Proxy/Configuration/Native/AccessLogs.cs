using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Core.Signals.Otlp;
using Pillion.Proxy.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Native;

/// <summary><c>access_log: stdout | stderr | /path | otlp | off | { path, format, text, fields } | [ … ]</c></summary>
internal static class AccessLogs
{
    private const string Collector = "otlp";

    public static readonly ValueList<AccessLogConfig> Default = [new AccessLogConfig { Path = "/dev/stdout" }];

    public static ValueList<AccessLogConfig> Read(ConfigValue value, ValueList<AccessLogConfig> inherited, OtlpConfig? otlp)
    {
        if (NativeNames.IsOff(value))
        {
            return [];
        }

        if (value.IsList)
        {
            return value.AsList(item => ReadOne(item, otlp));
        }

        var one = ReadOne(value, otlp);
        return !value.Exists ? inherited : one is null ? [] : [one];
    }

    private static AccessLogConfig? ReadOne(ConfigValue value, OtlpConfig? otlp)
    {
        if (value.IsText)
        {
            return ReadPath(value) is { } only ? Aim(new() { Path = only, Source = value.Source }, value, otlp) : null;
        }

        using var map = value.AsMap("access log");
        var place = map.Optional("path", "`stdout` (which it is when absent), `stderr`, `otlp` for the collector, or the path of a file.");
        var path = ReadPath(place);
        var format = map.Optional("format", "`json` writes every field known; `text` writes the line given in `text`, or Envoy's default line.")
            .AsOneOf(NativeNames.AccessLogFormats, AccessLogFormat.Json);
        var text = map.Optional("text", "A line of Envoy's operators, such as `%REQ(:METHOD)% %RESPONSE_CODE%`; implies the format text.");
        var line = OperatorText.Read(text);
        var fields = new List<KeyValuePair<string, string>>();
        map.Optional("fields", "Names and operators: a JSON object of just these fields.").AsNamed("NAME", (name, field) =>
        {
            if (OperatorText.Read(field) is { } operators)
            {
                fields.Add(new(name, operators));
            }
        });
        if (text.Exists && map.Has("fields"))
        {
            text.Fail("stands beside fields", "give one of the two");
        }

        var attributes = new List<KeyValuePair<string, string>>();
        var named = map.Optional("attributes", "Names and operators: attributes of a record that goes to the collector, beside the line, which is its body.");
        named.AsNamed("NAME", (name, field) =>
        {
            if (OperatorText.Read(field) is { } operators)
            {
                attributes.Add(new(name, operators));
            }
        });
        if (named.Exists && path != Collector)
        {
            named.Fail("are those of a record, and lines of a file have none", "use fields, or path: otlp");
        }

        return !value.IsMap ? null : Aim(new()
        {
            Path = path ?? "/dev/stdout",
            Format = fields.Count > 0 ? AccessLogFormat.JsonFields : text.Exists ? AccessLogFormat.Text : format,
            Text = line,
            Fields = new([.. fields]),
            Attributes = new([.. attributes]),
            Source = value.Source,
        }, place.Exists ? place : value, otlp);
    }

    private static AccessLogConfig Aim(AccessLogConfig config, ConfigValue place, OtlpConfig? otlp)
    {
        if (config.Path == Collector && otlp is null)
        {
            place.Fail("goes to a collector, and there is none", "add otlp: SERVICE at the top of the file");
        }

        return config.Path == Collector ? config with { Otlp = otlp } : config;
    }

    private static string? ReadPath(ConfigValue value) =>
        value.AsTextOrNull("log path", path => path is "stdout" or "stderr" or Collector || (path.StartsWith('/') && !path.Contains('\0')), "use stdout, stderr, otlp, off or an absolute path") switch
        {
            "stdout" => "/dev/stdout",
            "stderr" => "/dev/stderr",
            var path => path,
        };
}
