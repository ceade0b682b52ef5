namespace Pillion.Proxy.Configuration.Reading;

/// <summary>What may stand in a head, checked when the file is read so that no request can be the first to find out.</summary>
internal static class HttpText
{
    /// <summary>RFC 9110 §5.6.2: token.</summary>
    public static bool IsToken(string text) =>
        text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-.^_`|~".Contains(c));

    /// <summary>RFC 9110 §5.5: visible characters, spaces and tabs.</summary>
    public static bool IsFieldValue(string text) => text.All(c => c is '\t' or (>= ' ' and not '\x7f'));

    /// <summary>The beginning of a path: a slash, and nothing that ends a path or a request line.</summary>
    public static bool IsPath(string text) => text.StartsWith('/') && text.All(c => c is > ' ' and < '\x7f' and not ('?' or '#'));

    /// <summary>A Host value: a name or address, with a port or without.</summary>
    public static bool IsHost(string text)
    {
        var port = text.LastIndexOf(':');
        var hasPort = port > 0 && (text[0] != '[' || text[port - 1] == ']');
        if (hasPort && (!int.TryParse(text.AsSpan(port + 1), System.Globalization.NumberStyles.None, null, out var number) || number is 0 or > 65535))
        {
            return false;
        }

        var host = hasPort ? text[..port] : text;
        return host is ['[', .. var inner, ']']
            ? inner.Contains(':') && Core.Configuration.Reading.AddressText.IsHost(inner)
            : !host.Contains(':') && Core.Configuration.Reading.AddressText.IsHost(host);
    }

    /// <summary>A host to match: exact, <c>*.suffix</c>, <c>prefix.*</c> or <c>*</c>.</summary>
    public static bool IsHostPattern(string text) =>
        text == "*" ||
        (text.StartsWith('*') ? text.Length > 1 && IsHostPart(text[1..]) :
        text.EndsWith('*') ? IsHostPart(text[..^1]) : IsHost(text));

    private static bool IsHostPart(string part) =>
        part.Length > 0 && part.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or ':' or '[' or ']');
}
