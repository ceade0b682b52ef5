using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Core.Signals.Otlp;

namespace Pillion.Proxy.Configuration.Envoy;

/// <summary><c>stats_sinks</c> of the bootstrap: the one for OpenTelemetry, with Envoy's names, cumulative and with tags as attributes.</summary>
internal static class EnvoyStatsSinks
{
    private static readonly EnvoyExtension OpenTelemetry = new("SinkConfig", "envoy.stat_sinks.open_telemetry") { NeedsSettings = true };

    public static ValueList<OtlpConfig> Read(ConfigMap bootstrap, EnvoyScope scope)
    {
        var interval = bootstrap.Optional("stats_flush_interval").AsDuration(TimeSpan.FromSeconds(5), TimeSpan.FromMilliseconds(100));
        return bootstrap.Optional("stats_sinks").AsList(item =>
        {
            using var map = item.AsMap();
            return EnvoyExtension.Read<OtlpConfig>(map, "a stats sink", (OpenTelemetry, settings => ReadOne(settings, interval, scope)));
        });
    }

    private static OtlpConfig? ReadOne(ConfigMap settings, TimeSpan interval, EnvoyScope scope)
    {
        Only(settings.Optional("report_counters_as_deltas"), false, "counters are told since the start");
        Only(settings.Optional("report_histograms_as_deltas"), false, "histograms are told since the start");
        Only(settings.Optional("emit_tags_as_attributes"), true, "tags are always attributes");
        Only(settings.Optional("use_tag_extracted_name"), true, "names never hold their tags");
        var prefix = settings.Optional("prefix").AsText().TrimEnd('.');
        return EnvoyOtlp.Read(settings, scope, grpcOnly: true) is { } config
            ? config with { MetricsInterval = interval, EnvoyNames = true, MetricsPrefix = prefix, Source = settings.Source }
            : null;
    }

    private static void Only(ConfigValue value, bool only, string why)
    {
        if (value.AsBool(only) != only)
        {
            value.Fail(why, "remove it");
        }
    }
}
