using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Envoy;
using Pillion.Proxy.Configuration.Native;

namespace Pillion.Proxy.Filters.Compression;

/// <summary><c>decompress:</c> and Envoy's <c>envoy.filters.http.decompressor</c>.</summary>
internal sealed class DecompressionKind : FilterKind
{
    private static readonly EnvoyExtension GzipLibrary = new("Gzip", "envoy.compression.gzip.decompressor", "gzip");
    private static readonly EnvoyExtension BrotliLibrary = new("Brotli", "envoy.compression.brotli.decompressor", "brotli");

    public override string Name => "decompress";

    public override string Meaning => "Bodies are unpacked on their way, within bounds: `requests`, `answers` (for clients that do not take the coding), or a [decompression](#decompression); `off` where they shall not be.";

    public override EnvoyExtension Envoy { get; } = new("Decompressor", "envoy.filters.http.decompressor") { NeedsSettings = true };

    public override FilterConfig? Read(ConfigValue value, NativeScope scope)
    {
        var config = new DecompressionConfig { Source = value.Source };
        if (value.IsText)
        {
            switch (value.Text)
            {
                case "requests":
                    return config with { Requests = true };
                case "answers":
                    return config with { Answers = true };
                default:
                    value.FailText("is neither requests nor answers", "use one of them, or a map");
                    return null;
            }
        }

        using var map = value.AsMap("decompression");
        config = config with
        {
            Requests = map.Optional("requests", "Requests are unpacked for the upstream.").AsBool(false),
            Answers = map.Optional("answers", "Answers are unpacked for clients that do not take the coding.").AsBool(false),
            MaxBytes = map.Optional("max_size", "The largest body that may come out; a request above it is answered 413, an answer is cut off.").AsSize(DecompressionConfig.DefaultMaxBytes, 1),
            MaxRatio = map.Optional("max_ratio", "What comes out may be so many times what went in, looked at from 64 KiB on.").AsInt(DecompressionConfig.DefaultMaxRatio, 1, 10_000),
        };
        if (value.IsMap && !config.Requests && !config.Answers)
        {
            map.Fail("unpacks nothing", "add requests: true, answers: true or both");
        }

        return value.IsMap ? config : null;
    }

    // Envoy's bound is the ratio alone.
    public override FilterConfig? ReadEnvoy(ConfigMap settings, EnvoyScope scope)
    {
        DecompressionConfig? library;
        using (var map = settings.Required("decompressor_library").AsMap())
        {
            library = EnvoyExtension.Read<DecompressionConfig>(
                map, "a decompressor library", (GzipLibrary, inner => ReadLibrary(inner, ContentCoding.Gzip)), (BrotliLibrary, inner => ReadLibrary(inner, ContentCoding.Brotli)));
        }

        bool requests;
        bool advertises;
        using (var map = settings.Optional("request_direction_config").AsMap())
        {
            requests = ReadCommon(map);
            advertises = map.Optional("advertise_accept_encoding").AsBool(true);
        }

        using var answers = settings.Optional("response_direction_config").AsMap();
        return library is null ? null : library with { Requests = requests, Advertises = advertises, Answers = ReadCommon(answers), AnswersAlways = true, Source = settings.Source };
    }

    public override Filter Compile(FilterConfig config, FilterContext context) => new DecompressionFilter((DecompressionConfig)config, context);

    private static DecompressionConfig ReadLibrary(ConfigMap map, ContentCoding coding)
    {
        foreach (var name in (ReadOnlySpan<string>)["window_bits", "chunk_size", "disable_ring_buffer_reallocation"])
        {
            map.Refuse(name, "is not supported", "remove it");
        }

        var ratio = map.Optional("max_inflate_ratio").AsInt(DecompressionConfig.DefaultMaxRatio, 1, 1032);
        return new DecompressionConfig { Codings = [coding], MaxBytes = 0, MaxRatio = ratio };
    }

    private static bool ReadCommon(ConfigMap direction)
    {
        using var map = direction.Optional("common_config").AsMap();
        using var enabled = map.Optional("enabled").AsMap("RuntimeFeatureFlag");
        _ = enabled.Optional("runtime_key").AsText();
        return enabled.Optional("default_value").AsBool(!enabled.Exists);
    }
}
