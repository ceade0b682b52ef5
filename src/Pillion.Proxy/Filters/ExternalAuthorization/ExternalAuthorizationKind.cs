using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Envoy;
using Pillion.Proxy.Configuration.Native;

namespace Pillion.Proxy.Filters.ExternalAuthorization;

/// <summary><c>external_authorization:</c> and Envoy's <c>envoy.filters.http.ext_authz</c>.</summary>
internal sealed class ExternalAuthorizationKind : FilterKind
{
    public override string Name => "external_authorization";

    public override string Meaning => "A service that is asked whether a request may pass; what it cannot be asked about is refused, unless `on_failure` says otherwise. `off` asks nobody.";

    public override EnvoyExtension Envoy { get; } = new("ExtAuthz", "envoy.filters.http.ext_authz", "envoy.ext_authz") { NeedsSettings = true };

    public override EnvoyExtension EnvoyRoute { get; } = new("ExtAuthzPerRoute", "envoy.filters.http.ext_authz");

    public override FilterConfig? Read(ConfigValue value, NativeScope scope) => Read(value, inherited: null, scope);

    public override FilterConfig? Read(ConfigValue value, FilterConfig? inherited, NativeScope scope) => ExternalAuthorizationSettings.Read(value, (ExternalAuthorizationConfig?)inherited, scope);

    public override FilterConfig? ReadEnvoy(ConfigMap settings, EnvoyScope scope) => EnvoyExternalAuthorization.Read(settings, scope);

    public override FilterConfig? ReadEnvoyRoute(ConfigMap settings, FilterConfig? listeners, EnvoyScope scope) => EnvoyExternalAuthorization.ReadRoute(settings, (ExternalAuthorizationConfig?)listeners);

    public override Filter Compile(FilterConfig config, FilterContext context) => new ExternalAuthorizationFilter((ExternalAuthorizationConfig)config, context);
}
