namespace Pillion.Core.Signals.AccessLog;

/// <summary>
/// A UTC time in a strftime pattern. What changes only once a second is written once a second and then copied; the fraction is filled in.
/// Belongs to one loop.
/// </summary>
internal sealed class TimePattern
{
    /// <summary>Envoy's form: <c>2026-11-23T10:00:00.000Z</c>.</summary>
    public const string Default = "%Y-%m-%dT%H:%M:%E3SZ";

    private static readonly string[] Days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

    private static readonly string[] Months =
    [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
    ];

    private readonly Part[] _parts;
    private readonly LineBuffer _second = new(64);

    // Where in the written second each fraction goes, and how many digits it has.
    private readonly List<(int Position, int Digits)> _fractions = [];
    private long _writtenSecond = -1;

    private TimePattern(Part[] parts) => _parts = parts;

    /// <summary>Compiles a pattern; what is not understood is in <paramref name="error"/>.</summary>
    public static TimePattern? Parse(string pattern, out string? error)
    {
        var parts = new List<Part>();
        error = null;
        for (var i = 0; i < pattern.Length; i++)
        {
            if (pattern[i] != '%')
            {
                parts.Add(new Part('\0', pattern[i].ToString()));
                continue;
            }

            var rest = pattern.AsSpan(i + 1);
            switch (rest)
            {
                case ['E', '*', 'S', ..]:
                    parts.AddRange([new Part('S'), new Part('\0', "."), new Part('f', Digits: 9)]);
                    i += 3;
                    break;
                case ['E', >= '1' and <= '9', 'S', ..]:
                    parts.AddRange([new Part('S'), new Part('\0', "."), new Part('f', Digits: rest[1] - '0')]);
                    i += 3;
                    break;
                case [>= '1' and <= '9', 'f', ..]:
                    parts.Add(new Part('f', Digits: rest[0] - '0'));
                    i += 2;
                    break;
                case ['f', ..]:
                    parts.Add(new Part('f', Digits: 9));
                    i++;
                    break;
                case ['%' or 'n' or 't', ..]:
                    // A line break inside a line would make two of it.
                    parts.Add(new Part('\0', rest[0] == '%' ? "%" : " "));
                    i++;
                    break;
                case [var c, ..] when "YymdejHIMSpaAbBhTFDRsZzuw".Contains(c):
                    parts.Add(new Part(c));
                    i++;
                    break;
                default:
                    error = $"'%{(rest.IsEmpty ? "" : rest[0])}' is not a part of a time; use %Y %m %d %H %M %S %3f %s %a %b %T %F %z and the like";
                    return null;
            }
        }

        return new TimePattern([.. parts]);
    }

    public void Write(LineBuffer line, long utcTicks)
    {
        var second = utcTicks / TimeSpan.TicksPerSecond;
        if (second != _writtenSecond)
        {
            WriteSecond(new DateTime(second * TimeSpan.TicksPerSecond, DateTimeKind.Utc));
            _writtenSecond = second;
        }

        var start = line.Length;
        line.Raw(_second.Written);
        var end = line.Length;
        var nanos = utcTicks % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick;
        foreach (var (position, digits) in _fractions)
        {
            line.CutTo(start + position);
            line.Digits(nanos / Power(9 - digits), digits);
        }

        line.CutTo(end);
    }

    private static long Power(int exponent)
    {
        long power = 1;
        for (; exponent > 0; exponent--)
        {
            power *= 10;
        }

        return power;
    }

    private void WriteSecond(DateTime time)
    {
        _second.Clear();
        _fractions.Clear();
        foreach (var part in _parts)
        {
            Write(part, time);
        }
    }

    private void Write(Part part, DateTime time)
    {
        switch (part.Kind)
        {
            case '\0':
                _second.Raw(part.Text);
                break;
            case 'f':
                _fractions.Add((_second.Length, part.Digits));
                _second.Digits(0, part.Digits);
                break;
            case 'Y':
                _second.Digits(time.Year, 4);
                break;
            case 'y':
                _second.Digits(time.Year % 100, 2);
                break;
            case 'm':
                _second.Digits(time.Month, 2);
                break;
            case 'd':
                _second.Digits(time.Day, 2);
                break;
            case 'e':
                _second.Raw(time.Day < 10 ? " " : "");
                _second.Number(time.Day);
                break;
            case 'j':
                _second.Digits(time.DayOfYear, 3);
                break;
            case 'H':
                _second.Digits(time.Hour, 2);
                break;
            case 'I':
                _second.Digits(time.Hour % 12 == 0 ? 12 : time.Hour % 12, 2);
                break;
            case 'M':
                _second.Digits(time.Minute, 2);
                break;
            case 'S':
                _second.Digits(time.Second, 2);
                break;
            case 'p':
                _second.Raw(time.Hour < 12 ? "AM" : "PM");
                break;
            case 'a':
                _second.Raw(Days[(int)time.DayOfWeek][..3]);
                break;
            case 'A':
                _second.Raw(Days[(int)time.DayOfWeek]);
                break;
            case 'b' or 'h':
                _second.Raw(Months[time.Month - 1][..3]);
                break;
            case 'B':
                _second.Raw(Months[time.Month - 1]);
                break;
            case 'u':
                _second.Number(time.DayOfWeek == DayOfWeek.Sunday ? 7 : (int)time.DayOfWeek);
                break;
            case 'w':
                _second.Number((int)time.DayOfWeek);
                break;
            case 's':
                _second.Number(new DateTimeOffset(time).ToUnixTimeSeconds());
                break;
            case 'Z':
                _second.Raw("UTC");
                break;
            case 'z':
                _second.Raw("+0000");
                break;
            case 'T':
                Several(time, "H:M:S");
                break;
            case 'R':
                Several(time, "H:M");
                break;
            case 'F':
                Several(time, "Y-m-d");
                break;
            case 'D':
                Several(time, "m/d/y");
                break;
        }
    }

    private void Several(DateTime time, string kinds)
    {
        foreach (var kind in kinds)
        {
            Write(char.IsLetter(kind) ? new Part(kind) : new Part('\0', kind.ToString()), time);
        }
    }

    private readonly record struct Part(char Kind, string Text = "", int Digits = 0);
}
