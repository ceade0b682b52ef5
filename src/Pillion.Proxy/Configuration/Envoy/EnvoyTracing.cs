using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Core.Signals.Otlp;
using Pillion.Core.Signals.Tracing;
using Pillion.Net.Http;
using Pillion.Proxy.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Envoy;

/// <summary>HttpConnectionManager.tracing, with the OpenTelemetry provider. Like Envoy with that provider, a trace that a request came with is followed.</summary>
internal static class EnvoyTracing
{
    // Ours remembers no more of a target; Envoy's default for the path is the same.
    private const int PathLength = 256;

    private static readonly EnvoyExtension OpenTelemetry = new("OpenTelemetryConfig", "envoy.tracers.opentelemetry") { NeedsSettings = true };

    public static TracingConfig? Read(ConfigValue value, EnvoyScope scope)
    {
        using var map = value.AsMap("Tracing");
        var provider = map.Optional("provider");
        var export = ReadProvider(provider, scope);
        map.Refuse("verbose", "is not supported: spans carry events for what policies decided, and no others", "remove it");
        var pathLength = map.Optional("max_path_tag_length").AsInt(PathLength, 1, PathLength);
        if (value.IsMap && !provider.Exists)
        {
            map.Fail("names no provider", "add provider: { name: envoy.tracers.opentelemetry, typed_config: … }");
        }

        var config = new TracingConfig
        {
            Export = export,
            ClientSample = ReadPercent(map.Optional("client_sampling")),
            Sample = ReadPercent(map.Optional("random_sampling")),
            OverallSample = ReadPercent(map.Optional("overall_sampling")),
            Attempts = map.Optional("spawn_upstream_span").AsBool(false),

            // Envoy's http.url has the query.
            Query = true,
            PathLength = pathLength,
            Tags = map.Optional("custom_tags").AsList(ReadTag),
            Source = value.Source,
        };
        return value.IsMap ? config : null;
    }

    private static OtlpConfig? ReadProvider(ConfigValue value, EnvoyScope scope)
    {
        if (!value.Exists && !value.IsDescribing)
        {
            return null;
        }

        using var map = value.AsMap();
        return EnvoyExtension.Read<OtlpConfig>(map, "a tracer", (OpenTelemetry, settings =>
        {
            settings.Refuse("sampler", "is not supported", "use random_sampling, and overall_sampling, of tracing");
            settings.Refuse("resource_detectors", "are not supported", "remove them; service_name and the host's name are told in any case");
            var name = settings.Optional("service_name").AsText("unknown_service:envoy");
            return EnvoyOtlp.Read(settings, scope) is { } otlp ? otlp with { ServiceName = name } : null;
        }));
    }

    // Percent: a number from 0 to 100.
    private static double ReadPercent(ConfigValue value)
    {
        using var map = value.AsMap("Percent");
        var percent = map.Optional("value").AsNumber(0, 0, 100);
        return value.IsMap ? percent : 100;
    }

    private static CustomTag? ReadTag(ConfigValue value)
    {
        using var map = value.AsMap("CustomTag");
        var tag = map.Required("tag").AsText();
        var literal = map.Optional("literal");
        var environment = map.Optional("environment");
        var header = map.Optional("request_header");
        map.Refuse("metadata", "is not supported: there is no metadata here", "use literal, environment or request_header");
        if (value.IsMap && !map.Has("metadata") && new[] { literal, environment, header }.Count(one => one.Exists) != 1)
        {
            map.Fail("has not one source", "give one of literal, environment and request_header");
        }

        string? text;
        using (var literalMap = literal.AsMap())
        {
            text = literalMap.Required("value").AsTextOrNull();
        }

        using (var environmentMap = environment.AsMap())
        {
            var otherwise = environmentMap.Optional("default_value").AsTextOrNull();
            var name = environmentMap.Required("name");
            text ??= name.IsText ? EnvoyOtlp.Variable(name, otherwise) : otherwise;
        }

        using var headerMap = header.AsMap();
        var field = headerMap.Required("name").AsTextOrNull("header name", HttpText.IsToken, "use letters, digits and hyphens");
        var missing = headerMap.Optional("default_value").AsTextOrNull();
        return text is not null ? new CustomTag(tag, text, null, null) : field is not null ? new CustomTag(tag, null, field.ToLowerInvariant(), missing) : null;
    }
}
