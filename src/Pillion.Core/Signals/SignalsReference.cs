using System.Text;
using Pillion.Core.Signals.AccessLog;
using Pillion.Core.Signals.Metrics;

namespace Pillion.Core.Signals;

/// <summary>Writes docs/reference/metrics.md and docs/reference/access-log.md from the code; a test compares.</summary>
internal static class SignalsReference
{
    public static string Metrics()
    {
        var registry = new MetricRegistry(1, TimeProvider.System);
        var text = new StringBuilder(
            """
            # Metrics

            <!-- Generated from the code; a test compares. -->

            `/metrics` answers in the Prometheus text format, or what the scraper asks for: OpenMetrics has exemplars, protobuf has native histograms. Its names follow Prometheus: counters end in `_total`, durations are seconds.
            `/metrics?names=envoy` answers with the names, labels and milliseconds that Envoy's dashboards expect, and `/stats` prints Envoy's names in dots.
            A series appears once it has counted something. Counts stay over a reload of the configuration; those of a listener or cluster that is gone
            disappear ten minutes later. A scope has at most 1,000 owners; further ones are counted together under `_overflow`.

            """);
        foreach (var scope in registry.Collect(usedOnly: false).GroupBy(family => family.Scope))
        {
            text.Append("\n## ").Append(scope.Key.Name);
            text.Append(scope.Key.Label.Length == 0 ? "\n\n" : $"\n\nLabel `{scope.Key.Label}`{(scope.Key.SecondLabel is { } second ? $" and `{second}`" : "")}{(scope.Any(f => f.IsEnvoys) ? $", under Envoy's names `{scope.Key.EnvoyLabel}`" : "")}.\n\n");
            text.Append("| metric | kind | Envoy's name | meaning |\n|---|---|---|---|\n");
            foreach (var family in scope)
            {
                var envoy = family.IsEnvoys ? $"`{family.PrometheusName(MetricNaming.Envoy)}`" : "";
                var label = family.Label is null ? "" : $" by `{family.Label}`";
                text.Append($"| `{family.PrometheusName(MetricNaming.Pillion)}`{label} | {family.Kind.ToString().ToLowerInvariant()} | {envoy} | {family.Help} |\n");
            }
        }

        return text.ToString();
    }

    public static string AccessLog()
    {
        var text = new StringBuilder(
            $"""
            # Access log

            <!-- Generated from the code; a test compares. -->

            A line is written for every request, failed ones included. Lines wait in bounded memory for at most a second; what the disk or pipe cannot
            take is dropped and counted with its reason (`pillion_access_log_lines_dropped_total`), and never holds up a request. SIGUSR1 opens the files again.

            Nobody outside can forge a line: in text, every byte that is not printable ASCII, and the quote and the backslash, is written `\xNN`; in JSON they are
            escaped as JSON does, and bytes that are not UTF-8 become U+FFFD.

            ## Pillion's JSON line

            The default. Keys without a value are left out; times are milliseconds with microseconds behind the point.

            | key | meaning |
            |---|---|

            """);
        foreach (var (key, meaning) in JsonFormat.Keys)
        {
            text.Append($"| `{key}` | {meaning} |\n");
        }

        text.Append(
            $"""

            ## Operators

            A format is text with Envoy's operators. `%%` is a percent sign; what has no value is written `-`. As values of a JSON object, an operator that
            stands alone keeps its type (a number stays one) and is `null` without a value. Without a format the line is Envoy's default:

            ```
            {LogFormat.EnvoyDefault.TrimEnd()}
            ```

            | operator | writes |
            |---|---|

            """);
        foreach (var (name, argument, meaning) in LogOperators.WithArgument)
        {
            text.Append($"| `%{name}{argument}%` | {meaning} |\n");
        }

        foreach (var (name, _, meaning, _) in LogOperators.Plain)
        {
            text.Append($"| `%{name}%` | {meaning} |\n");
        }

        text.Append(
            """

            Where the field is missing, `%REQ(X-REQUEST-ID)%` writes the id that Pillion gave the request, and `%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%` the
            milliseconds between sending upstream and the first byte of the answer.

            A time pattern knows %Y %y %m %d %e %j %H %I %M %S %p %a %A %b %B %h %u %w %T %R %F %D %s %z %Z, and for fractions of a second %f, %1f to %9f and %E1S to %E9S.

            ## Flags

            | flag | Envoy's long name |
            |---|---|

            """);
        for (var bit = 0; bit < ResponseFlagText.Count; bit++)
        {
            var (shortName, longName) = ResponseFlagText.Name(bit);
            text.Append($"| `{shortName}` | {longName} |\n");
        }

        return text.ToString();
    }
}
