using System.Globalization;
using System.Text;
using Pillion.Core.Configuration;

namespace Pillion.Core.Signals.AccessLog;

/// <summary>Reads the texts of operators that access log formats are made of.</summary>
internal static class LogFormatReader
{
    /// <summary>What is wrong with a text, and what would be right; null when nothing is.</summary>
    public static string? Check(string text) => Read(text, out _);

    /// <summary>Compiles a text that <see cref="Check"/> has let pass.</summary>
    public static LogSegment[] Read(string text) =>
        Read(text, out var segments) is { } error ? throw new FormatException(error) : segments;

    private static string? Read(string text, out LogSegment[] segments)
    {
        var read = new List<LogSegment>();
        segments = [];
        var literal = new StringBuilder();
        for (var i = 0; i < text.Length;)
        {
            if (text[i] != '%')
            {
                literal.Append(text[i++]);
                continue;
            }

            if (i + 1 < text.Length && text[i + 1] == '%')
            {
                literal.Append('%');
                i += 2;
                continue;
            }

            var error = Operator(text, ref i, out var made);
            if (error is not null)
            {
                return error;
            }

            Flush();
            read.Add(new LogSegment(null, made));
        }

        Flush();
        segments = [.. read];
        return null;

        void Flush()
        {
            if (literal.Length > 0)
            {
                read.Add(new LogSegment(Encoding.UTF8.GetBytes(literal.ToString()), null));
                literal.Clear();
            }
        }
    }

    // %NAME%, %NAME(ARGUMENT)% or %NAME(ARGUMENT):LENGTH%; the argument may itself hold percent signs (a time pattern).
    private static string? Operator(string text, ref int position, out LogOperator? made)
    {
        made = null;
        var start = position + 1;
        var end = start;
        while (end < text.Length && (char.IsAsciiLetterUpper(text[end]) || char.IsAsciiDigit(text[end]) || text[end] == '_'))
        {
            end++;
        }

        var name = text[start..end];
        string? argument = null;
        if (end < text.Length && text[end] == '(')
        {
            var close = text.IndexOf(')', end);
            if (close < 0)
            {
                return $"'%{Shown(text, start)}' has no closing ')'";
            }

            argument = text[(end + 1)..close];
            end = close + 1;
        }

        int? length = null;
        if (end < text.Length && text[end] == ':')
        {
            var digits = end + 1;
            end = digits;
            while (end < text.Length && char.IsAsciiDigit(text[end]))
            {
                end++;
            }

            if (!int.TryParse(text.AsSpan(digits, end - digits), NumberStyles.None, CultureInfo.InvariantCulture, out var value))
            {
                return $"'%{Shown(text, start)}': a length in bytes must stand behind ':', such as %REQ(USER-AGENT):40%";
            }

            length = value;
        }

        if (end >= text.Length || text[end] != '%')
        {
            return $"'%{Shown(text, start)}' is not an operator; operators stand between percent signs, such as %RESPONSE_CODE%, and a percent sign itself is %%";
        }

        position = end + 1;
        return Make(name, argument, length, out made);
    }

    private static string? Make(string name, string? argument, int? length, out LogOperator? made)
    {
        made = null;
        switch (name)
        {
            case "REQ":
                return Field(FieldSource.Request, name, argument, length, withoutQuery: false, out made);
            case "REQ_WITHOUT_QUERY":
                return Field(FieldSource.Request, name, argument, length, withoutQuery: true, out made);
            case "RESP":
                return Field(FieldSource.Response, name, argument, length, withoutQuery: false, out made);
            case "TRAILER":
                return Field(FieldSource.Trailers, name, argument, length, withoutQuery: false, out made);
            case "START_TIME" when length is null:
                var pattern = TimePattern.Parse(string.IsNullOrEmpty(argument) ? TimePattern.Default : argument, out var error);
                made = pattern is null ? null : new TimeOperator(pattern);
                return error is null ? null : $"%START_TIME({argument})%: {error}";
            case "ENVIRONMENT" when !string.IsNullOrEmpty(argument):
                var variable = Environment.GetEnvironmentVariable(argument);
                variable = length < variable?.Length ? variable[..length.Value] : variable;
                made = TextOperator.Of(_ => variable);
                return null;
            case "ENVIRONMENT":
                return "%ENVIRONMENT% needs a name: %ENVIRONMENT(HOSTNAME)%";
        }

        foreach (var plain in LogOperators.Plain)
        {
            if (plain.Name == name)
            {
                made = plain.Make();
                return argument is null && length is null ? null : $"%{name}% takes nothing in parentheses and no length";
            }
        }

        return name == "START_TIME"
            ? "%START_TIME% takes no length"
            : NearestName.Of(name, LogOperators.Names) is { } nearest
                ? $"'%{name}%' is not an operator that Pillion knows; did you mean %{nearest}%?"
                : $"'%{name}%' is not an operator that Pillion knows; known are {string.Join(", ", LogOperators.Names)}";
    }

    private static string? Field(FieldSource source, string name, string? argument, int? length, bool withoutQuery, out LogOperator? made)
    {
        made = null;
        var names = (argument ?? "").Split('?');
        if (names.Length > 2 || names.Any(field => !IsFieldName(field)))
        {
            return $"%{name}% needs the name of a field, and may have one to take instead: %{name}(X-FIRST?X-SECOND)%";
        }

        made = new FieldOperator(source, names[0], names.Length > 1 ? names[1] : null, length ?? int.MaxValue, withoutQuery);
        return null;
    }

    // RFC 9110 §5.6.2: a token; a colon before it names a part of the request line.
    private static bool IsFieldName(string name)
    {
        var token = name.AsSpan(name.StartsWith(':') ? 1 : 0);
        foreach (var c in token)
        {
            if (!char.IsAsciiLetterOrDigit(c) && !"!#$%&'*+-.^_`|~".Contains(c))
            {
                return false;
            }
        }

        return token.Length > 0;
    }

    private static string Shown(string text, int start) => text.Substring(start, Math.Min(24, text.Length - start)).ReplaceLineEndings(" ");
}
