using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Envoy;

namespace Pillion.Proxy.Filters.Compression;

/// <summary>Envoy's Compressor with its libraries, and its defaults: 30 bytes, eight types, a strong ETag is removed.</summary>
internal static class EnvoyCompression
{
    private const int DefaultMinBytes = 30;

    // Envoy's own defaults of the two libraries: zlib's 6; brotli's 3 with a window of 2^18.
    private static readonly EncoderConfig Gzip = new(ContentCoding.Gzip, 6, 15);
    private static readonly EncoderConfig Brotli = new(ContentCoding.Brotli, 3, 18);

    private static readonly Registry<int> Levels = new("compression level")
    {
        { "DEFAULT_COMPRESSION", 6 },
        { "BEST_SPEED", 1 },
        { "COMPRESSION_LEVEL_1", 1 },
        { "COMPRESSION_LEVEL_2", 2 },
        { "COMPRESSION_LEVEL_3", 3 },
        { "COMPRESSION_LEVEL_4", 4 },
        { "COMPRESSION_LEVEL_5", 5 },
        { "COMPRESSION_LEVEL_6", 6 },
        { "COMPRESSION_LEVEL_7", 7 },
        { "COMPRESSION_LEVEL_8", 8 },
        { "COMPRESSION_LEVEL_9", 9 },
        { "BEST_COMPRESSION", 9 },
    };

    private static readonly EnvoyExtension GzipLibrary = new("Gzip", "envoy.compression.gzip.compressor", "gzip");
    private static readonly EnvoyExtension BrotliLibrary = new("Brotli", "envoy.compression.brotli.compressor", "brotli");

    public static CompressionConfig? Read(ConfigMap map)
    {
        map.Refuse("request_direction_config", "requests are not compressed", "remove it");
        var isOff = false;
        EncoderConfig? encoder;
        using (var library = map.Required("compressor_library").AsMap())
        {
            encoder = EnvoyExtension.Read<EncoderConfig>(library, "a compressor library", (GzipLibrary, ReadGzip), (BrotliLibrary, ReadBrotli));
        }

        var config = new CompressionConfig { MinBytes = DefaultMinBytes, Types = CompressionConfig.EnvoyTypes, Etag = StrongEtag.Remove, Source = map.Source };

        // The fields of before response_direction_config stood beside the library.
        config = ReadEtag(map, config with
        {
            MinBytes = map.Optional("content_length").AsLong(config.MinBytes, 0, uint.MaxValue),
            Types = ReadTypes(map.Optional("content_type"), config.Types),
        });
        using (var response = map.Optional("response_direction_config").AsMap())
        {
            using (var common = response.Optional("common_config").AsMap())
            {
                config = ReadCommon(common, config, ref isOff);
            }

            config = ReadEtag(response, config);
            config = config with { LeftAlone = response.Optional("uncompressible_response_codes").AsValues<int>(item => item.AsInt(200, 200, 599)) };
        }

        _ = map.Optional("choose_first").AsBool(false);
        return encoder is null || isOff ? null : config with { Encoders = [encoder] };
    }

    public static CompressionConfig? ReadRoute(ConfigMap map, CompressionConfig? listeners)
    {
        var isDisabled = map.Optional("disabled").AsBool(false);
        using var overrides = map.Optional("overrides").AsMap();
        using var response = overrides.Optional("response_direction_config").AsMap();
        var hides = response.Optional("remove_accept_encoding_header");
        return isDisabled || listeners is null ? null : hides.AsBoolOrNull() is { } hidden ? listeners with { HidesAcceptEncoding = hidden } : listeners;
    }

    private static CompressionConfig ReadCommon(ConfigMap map, CompressionConfig config, ref bool isOff)
    {
        using (var enabled = map.Optional("enabled").AsMap("RuntimeFeatureFlag"))
        {
            _ = enabled.Optional("runtime_key").AsText();
            isOff |= enabled.Exists && !enabled.Optional("default_value").AsBool(false);
        }

        return config with
        {
            MinBytes = map.Optional("min_content_length").AsLong(config.MinBytes, 0, uint.MaxValue),
            Types = ReadTypes(map.Optional("content_type"), config.Types),
        };
    }

    private static ValueList<string> ReadTypes(ConfigValue value, ValueList<string> fallback) =>
        value.AsTexts(item => item.AsTextOrNull("content type", CompressionKind.IsType, "use a form such as application/json"), fallback);

    private static CompressionConfig ReadEtag(ConfigMap map, CompressionConfig config)
    {
        var keeps = map.Optional("disable_on_etag_header").AsBool(false);
        var weakens = map.Optional("weaken_etag_on_compress").AsBool(false);
        return config with
        {
            Etag = keeps ? StrongEtag.Keep : weakens ? StrongEtag.Weaken : config.Etag,
            HidesAcceptEncoding = map.Optional("remove_accept_encoding_header").AsBool(config.HidesAcceptEncoding),
        };
    }

    private static EncoderConfig ReadGzip(ConfigMap map)
    {
        foreach (var name in (ReadOnlySpan<string>)["memory_level", "compression_strategy", "window_bits", "chunk_size"])
        {
            map.Refuse(name, "is not supported: the window is 32 KiB and the memory the library's own", "remove it");
        }

        return Gzip with { Level = map.Optional("compression_level").AsOneOf(Levels, Gzip.Level) };
    }

    private static EncoderConfig ReadBrotli(ConfigMap map)
    {
        foreach (var name in (ReadOnlySpan<string>)["encoder_mode", "input_block_bits", "chunk_size", "disable_literal_context_modeling"])
        {
            map.Refuse(name, "is not supported", "remove it");
        }

        return Brotli with
        {
            Level = map.Optional("quality").AsInt(Brotli.Level, 0, 11),
            Window = map.Optional("window_bits").AsInt(Brotli.Window, 10, 24),
        };
    }
}
