using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Native;

/// <summary><c>access_log: stdout | stderr | /path | off | { path, format, text, fields } | [ … ]</c></summary>
internal static class AccessLogs
{
    public static readonly ValueList<AccessLogConfig> Default = [new AccessLogConfig { Path = "/dev/stdout" }];

    public static ValueList<AccessLogConfig> Read(ConfigValue value, ValueList<AccessLogConfig> inherited)
    {
        if (NativeNames.IsOff(value))
        {
            return [];
        }

        if (value.IsList)
        {
            return value.AsList(ReadOne);
        }

        var one = ReadOne(value);
        return !value.Exists ? inherited : one is null ? [] : [one];
    }

    private static AccessLogConfig? ReadOne(ConfigValue value)
    {
        if (value.IsText)
        {
            return ReadPath(value) is { } only ? new() { Path = only, Source = value.Source } : null;
        }

        using var map = value.AsMap("access log");
        var path = ReadPath(map.Optional("path", "`stdout` (which it is when absent), `stderr` or the path of a file."));
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

        return !value.IsMap ? null : new()
        {
            Path = path ?? "/dev/stdout",
            Format = fields.Count > 0 ? AccessLogFormat.JsonFields : text.Exists ? AccessLogFormat.Text : format,
            Text = line,
            Fields = new([.. fields]),
            Source = value.Source,
        };
    }

    private static string? ReadPath(ConfigValue value) =>
        value.AsTextOrNull("log path", path => path is "stdout" or "stderr" || (path.StartsWith('/') && !path.Contains('\0')), "use stdout, stderr, off or an absolute path") switch
        {
            "stdout" => "/dev/stdout",
            "stderr" => "/dev/stderr",
            var path => path,
        };
}
