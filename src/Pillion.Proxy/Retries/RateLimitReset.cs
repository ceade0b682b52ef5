using System.Buffers.Text;
using System.Text;
using Pillion.Net.Http;
using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Retries;

/// <summary>Reads from an answer when to come again: seconds, a date, or a Unix time.</summary>
internal sealed class RateLimitReset(RateLimitBackOffConfig config)
{
    // Nobody means so many seconds from now; it is the year 2001 or later.
    private const long LeastUnixTime = 1_000_000_000;

    private readonly (byte[] Name, ResetFormat Format)[] _headers = [.. config.Headers.Select(header => (Encoding.ASCII.GetBytes(header.Name), header.Format))];

    public RateLimitBackOffConfig Config => config;

    /// <summary>The time from now on; null where the answer does not say, or says nothing that can be read.</summary>
    /// <param name="utcTicks">The wall clock.</param>
    public TimeSpan? Read(FieldList answer, long utcTicks)
    {
        foreach (var (name, format) in _headers)
        {
            var index = answer.IndexOf(name);
            if (index >= 0 && Read(answer.Value(index), format, utcTicks) is { } wait)
            {
                return wait > TimeSpan.Zero ? wait : TimeSpan.Zero;
            }
        }

        return null;
    }

    private static TimeSpan? Read(ReadOnlySpan<byte> value, ResetFormat format, long utcTicks)
    {
        if (Utf8Parser.TryParse(value, out long number, out var used) && used == value.Length && number >= 0)
        {
            var isUnix = format == ResetFormat.UnixTime || (format == ResetFormat.Any && number >= LeastUnixTime);
            var seconds = isUnix ? number - (double)(utcTicks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerSecond : number;
            return seconds < TimeSpan.MaxValue.TotalSeconds / 2 ? TimeSpan.FromSeconds(seconds) : TimeSpan.MaxValue;
        }

        // RFC 9110 §5.6.7: IMF-fixdate, the only form that is still made.
        return format == ResetFormat.Any && Utf8Parser.TryParse(value, out DateTimeOffset date, out used, 'R') && used == value.Length
            ? new TimeSpan(date.UtcTicks - utcTicks)
            : null;
    }
}
