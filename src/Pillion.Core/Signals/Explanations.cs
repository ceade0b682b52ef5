using Pillion.Core.Resilience;

namespace Pillion.Core.Signals;

/// <summary>
/// One sentence per request that a person understands: who did what, at which endpoint, and which line of the configuration said so.
/// In a sentence of <see cref="FailureTable"/>, <c>{name}</c> is filled from the record and <c>[…]</c> is left out when a name inside has no value.
/// </summary>
internal static class Explanations
{
    public static string Sentence(RequestRecord record)
    {
        var line = new LineBuffer(256);
        Write(line, record);
        return line.ToString();
    }

    /// <summary>As above, into a line and without allocation; foreign text is escaped as the line wants it.</summary>
    public static void Write(LineBuffer line, RequestRecord record) =>
        Fill(line, record, FailureTable.For(record.Failure).Sentence);

    private static void Fill(LineBuffer line, RequestRecord record, ReadOnlySpan<char> template)
    {
        // Where the optional part began, and whether a name inside it had no value.
        var optional = -1;
        var missing = false;
        for (var i = 0; i < template.Length; i++)
        {
            switch (template[i])
            {
                case '[':
                    optional = line.Length;
                    missing = false;
                    break;
                case ']':
                    if (missing)
                    {
                        line.CutTo(optional);
                    }

                    optional = -1;
                    break;
                case '{':
                    var end = i + template[i..].IndexOf('}');
                    if (!Name(line, record, template[(i + 1)..end]))
                    {
                        missing = true;
                        if (optional < 0)
                        {
                            line.Raw("(unknown)"u8);
                        }
                    }

                    i = end;
                    break;
                default:
                    line.Raw((byte)template[i]);
                    break;
            }
        }
    }

    private static bool Name(LineBuffer line, RequestRecord record, ReadOnlySpan<char> name) => name switch
    {
        "answer" => Answer(line, record),
        "who" => Text(line, record.UpstreamIsApplication ? "the application" : "the upstream"),
        "endpoint" => Text(line, record.UpstreamHost),
        "cluster" => Text(line, record.Cluster),
        "listener" => Text(line, record.Listener),
        "cause" => Text(line, record.Failure.Cause),
        "connection" => Text(line, record.Failure.Reused ? "reused connection" : "connection"),
        "client" => Client(line, record),
        "method" => Text(line, record.Method),
        "authority" => Text(line, record.Authority),
        "target" => Text(line, record.Target),
        "attempts" => Count(line, record.AttemptCount, atLeast: 2),
        "failed" => FailedAttempts(line, record.AttemptCount - 1),
        "time" => Time(line, record.DurationMicros),
        "where" => Where(line, record),
        "policy" => Text(line, record.Verdicts is [.., var last] ? last.Policy : "a policy"),
        "rule" => Rule(line, record),
        _ => false,
    };

    private static bool Answer(LineBuffer line, RequestRecord record)
    {
        if (record.AnsweredLocally)
        {
            line.Raw("Pillion answered "u8);
            line.Number(record.Status);
            return true;
        }

        if (record.Status == 0)
        {
            line.Raw("No answer was sent"u8);
            return true;
        }

        if (record.Failure.IsFailure)
        {
            line.Raw("The answer "u8);
            line.Number(record.Status);
            line.Raw(" was cut short"u8);
            return true;
        }

        line.Raw(record.UpstreamIsApplication ? "The application"u8 : "The upstream"u8);
        if (record.UpstreamHost.Length > 0)
        {
            line.Raw(" at "u8);
            line.Value(record.UpstreamHost);
        }

        line.Raw(" answered "u8);
        line.Number(record.Status);
        return true;
    }

    // "; route orders (pillion.yaml:14: outbound.services.orders)"
    private static bool Where(LineBuffer line, RequestRecord record)
    {
        if (record.Route.Length > 0)
        {
            line.Raw("; route "u8);
            line.Value(record.Route);
        }

        if (record.RouteSource.Line > 0)
        {
            line.Raw(record.Route.Length > 0 ? " ("u8 : "; ("u8);
            SourceLineText.Write(line, record.RouteSource);
            line.Raw((byte)')');
        }

        return true;
    }

    // The last verdict is the one that ended the request.
    private static bool Rule(LineBuffer line, RequestRecord record)
    {
        if (record.Verdicts is not [.., { Source.Line: > 0 } last])
        {
            return false;
        }

        SourceLineText.Write(line, last.Source);
        return true;
    }

    private static bool Client(LineBuffer line, RequestRecord record)
    {
        if (record.Downstream.Equals(default))
        {
            return false;
        }

        line.Advance(record.Downstream.Format(line.Room(64)));
        return true;
    }

    private static bool Time(LineBuffer line, long micros)
    {
        if (micros < 0)
        {
            return false;
        }

        line.Millis(micros);
        line.Raw(" ms"u8);
        return true;
    }

    private static bool Count(LineBuffer line, int count, int atLeast)
    {
        if (count < atLeast)
        {
            return false;
        }

        line.Number(count);
        return true;
    }

    private static bool FailedAttempts(LineBuffer line, int count)
    {
        if (!Count(line, count, atLeast: 1))
        {
            return false;
        }

        line.Raw(count == 1 ? " failed attempt"u8 : " failed attempts"u8);
        return true;
    }

    private static bool Text(LineBuffer line, string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return false;
        }

        line.Value(text);
        return true;
    }

    private static bool Text(LineBuffer line, BoundedText text)
    {
        line.Value(text.Span);
        return !text.IsEmpty;
    }
}
