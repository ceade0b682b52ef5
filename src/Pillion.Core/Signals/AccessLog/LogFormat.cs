namespace Pillion.Core.Signals.AccessLog;

/// <summary>A compiled line. Belongs to one loop; compile one for each.</summary>
internal abstract class LogFormat
{
    /// <summary>Envoy's default line.</summary>
    public const string EnvoyDefault =
        "[%START_TIME%] \"%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%\" %RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_RECEIVED% " +
        "%BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% \"%REQ(X-FORWARDED-FOR)%\" \"%REQ(USER-AGENT)%\" \"%REQ(X-REQUEST-ID)%\" " +
        "\"%REQ(:AUTHORITY)%\" \"%UPSTREAM_HOST%\"\n";

    /// <summary>Writes the line with its end.</summary>
    public abstract void Write(LineBuffer line, in LogExchange exchange);

    /// <summary>A text of operators; null is Envoy's default line. The text must have passed <see cref="LogFormatReader.Check"/>.</summary>
    public static LogFormat Text(string? text) => new TextFormat(LogFormatReader.Read(text ?? EnvoyDefault));

    /// <summary>A JSON object whose values are texts of operators.</summary>
    public static LogFormat JsonFields(IEnumerable<KeyValuePair<string, string>> fields) => new JsonFieldsFormat(fields);

    /// <summary>Pillion's own JSON line.</summary>
    public static LogFormat Json() => new JsonFormat();
}
