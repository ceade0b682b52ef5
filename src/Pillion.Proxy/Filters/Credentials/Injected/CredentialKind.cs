using Pillion.Core.Configuration.Reading;
using Pillion.Core.Identity.Secrets;
using Pillion.Proxy.Configuration.Envoy;
using Pillion.Proxy.Configuration.Envoy.Transport;
using Pillion.Proxy.Configuration.Native;
using Pillion.Proxy.Configuration.Reading;

namespace Pillion.Proxy.Filters.Credentials.Injected;

/// <summary><c>credential:</c> and Envoy's <c>envoy.filters.http.credential_injector</c>.</summary>
internal sealed class CredentialKind : FilterKind
{
    private static readonly EnvoyExtension Generic = new("Generic", "envoy.http.injected_credentials.generic", "generic_credential") { NeedsSettings = true };

    public override string Name => "credential";

    public override string Meaning => "A secret from a file that is put into each request, so that the application never holds it; `off` where a route shall have none.";

    public override EnvoyExtension Envoy { get; } = new("CredentialInjector", "envoy.filters.http.credential_injector");

    public override FilterConfig? Read(ConfigValue value, NativeScope scope)
    {
        using var map = value.AsMap("credential");
        var file = map.Required("file", "The file that holds the secret and nothing else. It is watched.").AsFileOrNull();
        var config = new CredentialConfig
        {
            Secret = file is null ? null : (SecretPart)file,
            Header = HeaderName.Read(map.Optional("header", "The header that it is put into. Default: `authorization`.")) ?? "authorization",
            Prefix = map.Optional("prefix", "What stands before it, such as `\"Bearer \"`.").AsText("field value", HttpText.IsFieldValue, "use visible characters and spaces"),
            Overwrites = map.Optional("overwrite", "Take the place of what the application sent in that header; else what it sent goes on.").AsBool(false),
            Source = value.Source,
        };
        return value.IsMap ? config : null;
    }

    public override FilterConfig? ReadEnvoy(ConfigMap settings, EnvoyScope scope)
    {
        var overwrites = settings.Optional("overwrite").AsBool(false);
        var without = settings.Optional("allow_request_without_credential");
        if (without.AsBool(false))
        {
            without.Fail("lets requests pass while the secret is missing; here a secret that is missing refuses the configuration, and one that vanishes stays in use", "remove it");
        }

        var credential = settings.Required("credential");
        using var map = credential.AsMap("Injected credential");
        var read = EnvoyExtension.Read(map, "a credential", (Generic, generic => ReadGeneric(generic, scope)));
        return read is null ? null : read with { Overwrites = overwrites, Source = settings.Source };
    }

    public override Filter Compile(FilterConfig config, FilterContext context) => new CredentialFilter((CredentialConfig)config, context);

    private static CredentialConfig ReadGeneric(ConfigMap map, EnvoyScope scope)
    {
        var secret = map.Required("credential");
        var header = HeaderName.Read(map.Optional("header")) ?? "authorization";
        return new()
        {
            Secret = EnvoySecrets.ReadGeneric(secret, scope),
            Header = header,
            Prefix = map.Optional("header_value_prefix").AsText("field value", HttpText.IsFieldValue, "use visible characters and spaces"),
        };
    }
}
