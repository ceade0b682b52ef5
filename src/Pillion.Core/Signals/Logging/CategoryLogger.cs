using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Pillion.Core.Signals.Logging;

/// <summary>Formats the messages of one category.</summary>
internal sealed class CategoryLogger(string category, LogLevels.Category level, LogLayout layout, LogWriter writer, TimeProvider time) : ILogger
{
    [ThreadStatic]
    private static LineBuffer? s_line;

    public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None && level.IsEnabled(logLevel);

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel))
        {
            return;
        }

        if (writer.TakeDropped() is > 0 and var dropped)
        {
            Write(LogLevel.Warning, $"{dropped} messages were dropped because nobody read them fast enough", default(EventId), [], null);
        }

        Write(logLevel, formatter(state, exception), eventId, state as IReadOnlyList<KeyValuePair<string, object?>> ?? [], exception);
    }

    private void Write(LogLevel logLevel, string message, EventId eventId, IReadOnlyList<KeyValuePair<string, object?>> values, Exception? exception)
    {
        var line = s_line ??= new LineBuffer();
        line.Clear();
        if (layout == LogLayout.Json)
        {
            Json(line, logLevel, message, eventId, values, exception);
        }
        else
        {
            Text(line, logLevel, message, exception);
        }

        line.Raw((byte)'\n');
        writer.Write(line.Written.ToArray());
    }

    private void Text(LineBuffer line, LogLevel logLevel, string message, Exception? exception)
    {
        line.Escaping = Escaping.None;
        Time(line);
        line.Raw((byte)' ');
        line.Raw(LogLevels.Word(logLevel).PadRight(6));
        line.Raw(category);
        line.Raw((byte)' ');
        line.Raw(OneLine(message));
        if (exception is not null)
        {
            line.Raw(": "u8);
            line.Raw(OneLine(exception.ToString()));
        }
    }

    private void Json(
        LineBuffer line, LogLevel logLevel, string message, EventId eventId, IReadOnlyList<KeyValuePair<string, object?>> values, Exception? exception)
    {
        line.Escaping = Escaping.Json;
        line.Raw("{\"time\":\""u8);
        Time(line);
        line.Raw((byte)'"');
        Pair(line, "level", LogLevels.Word(logLevel));
        Pair(line, "category", category);
        Pair(line, "message", message);
        if (!string.IsNullOrEmpty(eventId.Name))
        {
            Pair(line, "event", eventId.Name);
        }

        foreach (var (name, value) in values)
        {
            if (name != "{OriginalFormat}")
            {
                Pair(line, JsonNamingPolicy.SnakeCaseLower.ConvertName(name), value);
            }
        }

        if (exception is not null)
        {
            Pair(line, "exception", exception.ToString());
        }

        line.Raw((byte)'}');
    }

    private static void Pair(LineBuffer line, string name, object? value)
    {
        line.Raw(",\""u8);
        line.Value(name);
        line.Raw("\":"u8);
        switch (value)
        {
            case null:
                line.Raw("null"u8);
                break;
            case int or long or short or byte:
                line.Number(Convert.ToInt64(value, null));
                break;
            case bool truth:
                line.Raw(truth ? "true"u8 : "false"u8);
                break;
            default:
                line.Raw((byte)'"');
                line.Value(Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture) ?? "");
                line.Raw((byte)'"');
                break;
        }
    }

    // A message can carry text from outside (a header, a file name): control characters could forge a line or steer a terminal.
    private static string OneLine(string message) =>
        message.Any(char.IsControl)
            ? string.Concat(message.Select(c => c switch
            {
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                _ when char.IsControl(c) => $"\\x{(int)c:x2}",
                _ => c.ToString(),
            }))
            : message;

    private void Time(LineBuffer line)
    {
        var now = time.GetUtcNow();
        var room = line.Room(32);
        now.UtcDateTime.TryFormat(room, out var written, "yyyy-MM-ddTHH:mm:ss.fffZ", System.Globalization.CultureInfo.InvariantCulture);
        line.Advance(written);
    }
}
