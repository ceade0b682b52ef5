using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Core.Signals.Otlp;
using Pillion.Core.Signals.Tracing;
using Pillion.Proxy.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Native;

/// <summary><c>tracing:</c> of the file, or of one of its listeners.</summary>
internal static class Tracing
{
    /// <summary>One sentence for the reference.</summary>
    public const string Meaning = "Which requests are traced: a share such as `10%` of those whose caller has not decided, or more of it in a map; `off` records none and passes traces on only.";

    private static readonly Registry<TraceFormat> Formats = new("trace format") { { "w3c", TraceFormat.W3c }, { "b3", TraceFormat.B3 }, { "b3multi", TraceFormat.B3Multi } };

    private static readonly Registry<bool> Callers = new("choice") { { "follow", true }, { "ignore", false } };

    /// <param name="otlp">Where spans go; null where the file names no collector.</param>
    public static TracingConfig? Read(ConfigValue value, TracingConfig? inherited, OtlpConfig? otlp)
    {
        if (NativeNames.IsOff(value))
        {
            // What was asked of propagation stays: others may record what this side does not.
            return inherited is null ? null : inherited with { Export = null };
        }

        if (!value.Exists && !value.IsDescribing)
        {
            return inherited;
        }

        if (otlp is null && !value.IsDescribing)
        {
            value.Fail("has nowhere to send spans", "add otlp: SERVICE at the top of the file");
        }

        var defaults = new TracingConfig { Export = otlp, Source = value.Source };
        if (value.IsText)
        {
            return defaults with { Sample = value.AsPercent(defaults.Sample) };
        }

        using var map = value.AsMap("tracing");
        var tags = new List<CustomTag>();
        var config = defaults with
        {
            Sample = map.Optional("sample", "The share of the traces begun here that is recorded.").AsPercent(defaults.Sample),
            FollowsCaller = map.Optional("caller", "`follow` records what the caller records, and the share only of requests whose caller has not decided; `ignore` decides here alone.").AsOneOf(Callers, true),
            Formats = ReadFormats(map.Optional("propagate", "How traces are read and sent on: `w3c` (traceparent), `b3` (one header), `b3multi` (X-B3-…). Read in this order, the first that says anything; written in all of them."), defaults.Formats),
            Attempts = map.Optional("attempts", "A span for each attempt at an upstream, beside that of the request.").AsBool(defaults.Attempts),
            Query = map.Optional("query", "Record the query of the target too; it may hold what nobody else should see.").AsBool(defaults.Query),
        };
        map.Optional("tags", "Attributes of every span: a text, or [the header](#tag) that has the value.").AsNamed("NAME", (name, item) =>
        {
            if (ReadTag(name, item) is { } tag)
            {
                tags.Add(tag);
            }
        });
        return value.IsMap ? config with { Tags = new([.. tags]) } : inherited;
    }

    private static CustomTag? ReadTag(string name, ConfigValue value)
    {
        if (value.IsText)
        {
            return new CustomTag(name, value.Text, null, null);
        }

        using var map = value.AsMap("tag");
        var header = map.Required("header", "The request's header.").AsTextOrNull("header name", HttpText.IsToken, "use letters, digits and hyphens");
        var otherwise = map.Optional("default", "What is written where the request has no such header.").AsTextOrNull();
        return header is null ? null : new CustomTag(name, null, header.ToLowerInvariant(), otherwise);
    }

    private static ValueList<TraceFormat> ReadFormats(ConfigValue value, ValueList<TraceFormat> fallback)
    {
        var names = value.AsTexts(item => item.AsNameOf(Formats, "") is { Length: > 0 } name ? name : null, new(["w3c"]));
        if (!value.Exists)
        {
            return fallback;
        }

        var formats = names.Select(name => Formats.TryGet(name, out var format) ? format : default).Distinct().ToArray();
        if (formats.Contains(TraceFormat.B3) && formats.Contains(TraceFormat.B3Multi))
        {
            value.Fail("has both forms of B3, which is read in either", "write b3 or b3multi, as the upstreams need it");
        }

        return formats.Length == 0 ? fallback : new(formats);
    }
}
