using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Envoy;
using Pillion.Proxy.Configuration.Native;

namespace Pillion.Proxy.Filters.Compression;

/// <summary><c>compression:</c> and Envoy's <c>envoy.filters.http.compressor</c>.</summary>
internal sealed class CompressionKind : FilterKind
{
    private static readonly Registry<EncoderConfig> Encoders = new("coding")
    {
        { "br", EncoderConfig.Brotli },
        { "gzip", EncoderConfig.Gzip },
    };

    private static readonly Registry<StrongEtag> Etags = new("choice")
    {
        { "weaken", StrongEtag.Weaken },
        { "remove", StrongEtag.Remove },
        { "keep", StrongEtag.Keep },
    };

    public override string Name => "compression";

    public override string Meaning => "Answers are compressed for clients that take it: `on`, a coding or a list of them (`br`, `gzip`), or a [compression](#compression); `off` where they shall not be.";

    public override EnvoyExtension Envoy { get; } = new("Compressor", "envoy.filters.http.compressor") { NeedsSettings = true };

    public override EnvoyExtension EnvoyRoute { get; } = new("CompressorPerRoute", "envoy.filters.http.compressor");

    public override FilterConfig? Read(ConfigValue value, NativeScope scope)
    {
        var config = new CompressionConfig { Source = value.Source };
        if (value.IsText && !Encoders.TryGet(value.Text, out _))
        {
            if (value.Text == "on")
            {
                return config;
            }

            value.FailText("does not say how", "use on, off, br, gzip or a list of codings");
            return null;
        }

        if (value.IsText || value.IsList)
        {
            return ReadEncoders(value) is { Count: > 0 } encoders ? config with { Encoders = encoders } : null;
        }

        using var map = value.AsMap("compression");
        var codings = map.Optional("codings", "What is offered, `br` and `gzip`; where a client likes several equally, the first.");
        var brotli = map.Optional("brotli_quality", "0 is the fastest, 11 the smallest.").AsInt(EncoderConfig.Brotli.Level, 0, 11);
        var gzip = map.Optional("gzip_level", "1 is the fastest, 9 the smallest.").AsInt(EncoderConfig.Gzip.Level, 1, 9);
        var read = codings.Exists ? ReadEncoders(codings) : config.Encoders;
        if (codings.IsDescribing)
        {
            _ = codings.AsTexts(item => item.Text, ["br", "gzip"]);
        }

        return config with
        {
            Encoders = new([.. read.Select(encoder => encoder with { Level = encoder.Coding == ContentCoding.Brotli ? brotli : gzip })]),
            MinBytes = map.Optional("min_size", "Bodies that announce fewer bytes are left alone.").AsSize(CompressionConfig.DefaultMinBytes),
            Types = map.Optional("types", "The content types that are compressed, without parameters.").AsTexts(item => item.AsTextOrNull("content type", IsType, "use a form such as application/json"), CompressionConfig.DefaultTypes),
            Etag = map.Optional("etag", "A strong ETag names the very bytes: `weaken` it, `remove` it, or `keep` it and leave answers with an ETag alone.").AsOneOf(Etags, StrongEtag.Weaken),
        };
    }

    public override FilterConfig? ReadEnvoy(ConfigMap settings, EnvoyScope scope) => EnvoyCompression.Read(settings);

    public override FilterConfig? ReadEnvoyRoute(ConfigMap settings, FilterConfig? listeners, EnvoyScope scope) => EnvoyCompression.ReadRoute(settings, listeners as CompressionConfig);

    public override Filter Compile(FilterConfig config, FilterContext context) => new CompressionFilter((CompressionConfig)config, context);

    private static ValueList<EncoderConfig> ReadEncoders(ConfigValue value)
    {
        var encoders = new List<EncoderConfig>();
        _ = value.AsTexts(item =>
        {
            if (Encoders.TryGet(item.Text, out var encoder))
            {
                encoders.Add(encoder);
            }
            else
            {
                item.FailText("is not a coding", Encoders.Suggest(item.Text));
            }

            return item.Text;
        });
        return new([.. encoders.Distinct()]);
    }

    internal static bool IsType(string text) => text.IndexOf('/') is > 0 and var slash && slash < text.Length - 1 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '+' or '-' or '.' or '_');
}
