using System.Globalization;
using System.Text.Json;

namespace Pillion.Rehearsing;

/// <summary>Reads a line of an access log in JSON: Pillion's own, or one of Envoy's with the usual keys.</summary>
internal static class LogLine
{
    /// <summary>False where the line is no JSON object, or tells of no request.</summary>
    /// <param name="isJson">It is one, and was about something else: a connection.</param>
    public static bool TryRead(ReadOnlySpan<byte> line, LoggedRequest request, out bool isJson)
    {
        request.Clear();
        isJson = false;
        string? originalPath = null;
        try
        {
            var json = new Utf8JsonReader(line);
            if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
            {
                return false;
            }

            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                var key = json.GetString()!;
                json.Read();
                if (json.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
                {
                    json.Skip();
                }
                else if (Value(ref json) is { } value)
                {
                    Take(request, key, value, ref originalPath);
                }
            }

            isJson = json.TokenType == JsonTokenType.EndObject;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return false;
        }

        // What the client asked for: Envoy's routes rewrite the path before it is logged.
        request.Target = originalPath ?? request.Target;
        return isJson && request.Method.Length > 0 && request.Target.Length > 0;
    }

    // Envoy writes null or "-" for what there is not.
    private static string? Value(ref Utf8JsonReader json) => json.TokenType switch
    {
        JsonTokenType.String => json.GetString() is { } text && text != "-" ? text : null,
        JsonTokenType.Number => json.TryGetInt64(out var number) ? number.ToString(CultureInfo.InvariantCulture) : null,
        _ => null,
    };

    private static void Take(LoggedRequest request, string key, string value, ref string? originalPath)
    {
        switch (key)
        {
            case "method" or ":method" or "request_method":
                request.Method = value;
                break;
            case "authority" or ":authority" or "host":
                request.Authority = value;
                break;
            case "target":
                request.Target = value;
                request.IsOurs = true;
                break;
            case "path" or ":path" or "request_path" or "uri":
                request.Target = value;
                break;
            case "original_path" or "x_envoy_original_path" or "x-envoy-original-path":
                originalPath = value;
                break;
            case "status" or "response_code" or "code":
                request.Status = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var status) ? status : 0;
                break;
            case "listener" or "listener_name":
                request.Listener = value;
                break;
            case "route" or "route_name":
                request.Route = value;
                break;
            case "cluster" or "upstream_cluster":
                request.Cluster = value;
                break;
            case "answered_by":
                request.AnsweredBy = value;
                break;
            case "failure":
                request.Failure = value;
                break;
            case "flags" or "response_flags":
                request.Flags = value;
                break;
            case "details" or "response_code_details":
                request.Details = value;
                break;
            case "user_agent" or "user-agent":
                request.UserAgent = value;
                break;
            case "forwarded_for" or "x_forwarded_for" or "x-forwarded-for":
                request.ForwardedFor = value;
                break;
        }
    }
}
