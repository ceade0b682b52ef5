using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Envoy;
using Pillion.Proxy.Configuration.Native;

namespace Pillion.Proxy.Filters.SizeLimits;

/// <summary><c>max_request_body:</c>, which is Envoy's <c>envoy.filters.http.buffer</c>, and <c>max_response_body:</c>.</summary>
internal sealed class SizeLimitKind(bool isAnswer) : FilterKind
{
    public override string Name => isAnswer ? "max_response_body" : "max_request_body";

    public override string Meaning => isAnswer
        ? "The largest body of an answer, such as `50MiB`: one that announces more is answered 502, one that turns out larger is cut off; `off` where there shall be no limit."
        : "The largest body of a request, such as `10MiB`: one that announces more is answered 413 at once, one that turns out larger when it does; `off` where there shall be no limit.";

    public override EnvoyExtension? Envoy { get; } = isAnswer ? null : new("Buffer", "envoy.filters.http.buffer", "envoy.buffer") { NeedsSettings = true };

    public override EnvoyExtension? EnvoyRoute { get; } = isAnswer ? null : new("BufferPerRoute", "envoy.filters.http.buffer", "envoy.buffer");

    public override FilterConfig? Read(ConfigValue value, NativeScope scope)
    {
        var bytes = value.AsSize(0, 1);
        return bytes == 0 ? null : new SizeLimitConfig(isAnswer, bytes) { Source = value.Source };
    }

    public override FilterConfig? ReadEnvoy(ConfigMap settings, EnvoyScope scope)
    {
        var most = settings.Required("max_request_bytes").AsLong(0, 1, uint.MaxValue);
        return most == 0 ? null : new SizeLimitConfig(isAnswer, most) { Source = settings.Source };
    }

    public override FilterConfig? ReadEnvoyRoute(ConfigMap settings, FilterConfig? listeners, EnvoyScope scope)
    {
        var disabled = settings.Optional("disabled");
        using var buffer = settings.Optional("buffer").AsMap("Buffer");
        var isOff = disabled.AsBool(false);
        if (!settings.IsDescribing && disabled.Exists == buffer.Exists)
        {
            settings.Fail("does not say one thing", "give disabled: true or buffer");
        }

        return buffer.Exists || buffer.IsDescribing ? ReadEnvoy(buffer, scope) : isOff ? null : listeners;
    }

    public override Filter Compile(FilterConfig config, FilterContext context) => new SizeLimitFilter((SizeLimitConfig)config, context);
}
