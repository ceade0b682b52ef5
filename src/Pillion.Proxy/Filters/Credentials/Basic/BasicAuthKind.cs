using Pillion.Core.Configuration.Reading;
using Pillion.Core.Identity.Secrets;
using Pillion.Proxy.Configuration.Envoy;
using Pillion.Proxy.Configuration.Envoy.Transport;
using Pillion.Proxy.Configuration.Native;
using Pillion.Proxy.Configuration.Reading;

namespace Pillion.Proxy.Filters.Credentials.Basic;

/// <summary><c>basic_auth:</c> and Envoy's <c>envoy.filters.http.basic_auth</c>.</summary>
internal sealed class BasicAuthKind : FilterKind
{
    public override string Name => "basic_auth";

    public override string Meaning => "Only users with a password may ask (RFC 7617); `off` where a route takes anybody.";

    public override EnvoyExtension Envoy { get; } = new("BasicAuth", "envoy.filters.http.basic_auth");

    public override EnvoyExtension EnvoyRoute { get; } = new("BasicAuthPerRoute", "envoy.filters.http.basic_auth");

    public override FilterConfig? Read(ConfigValue value, NativeScope scope)
    {
        using var map = value.AsMap("basic auth");
        var file = map.Required("file", "The file of users, as `htpasswd -s` makes it: lines of `USER:{SHA}DIGEST`. It is watched.").AsFileOrNull();
        var config = new BasicAuthConfig
        {
            Users = file is null ? null : (SecretPart)file,
            Realm = map.Optional("realm", "What a browser shows when it asks for the password.").AsText("field value", HttpText.IsFieldValue, "use visible characters", new BasicAuthConfig().Realm),
            UserHeader = HeaderName.Read(map.Optional("user_header", "A header that tells the upstream who the user is, whatever the client says there.")),
            Keeps = map.Optional("keep", "Let user and password go on to the upstream; else they are taken out.").AsBool(false),
            Source = value.Source,
        };
        return value.IsMap ? config : null;
    }

    public override FilterConfig? ReadEnvoy(ConfigMap settings, EnvoyScope scope) => new BasicAuthConfig
    {
        Users = EnvoyDataSource.ReadText(settings.Required("users")),
        UserHeader = HeaderName.Read(settings.Optional("forward_username_header")),
        Header = HeaderName.Read(settings.Optional("authentication_header"), removes: true) ?? "authorization",
        Keeps = true,
        Source = settings.Source,
    };

    public override FilterConfig? ReadEnvoyRoute(ConfigMap settings, FilterConfig? listeners, EnvoyScope scope)
    {
        var users = EnvoyDataSource.ReadText(settings.Required("users"));
        return (listeners as BasicAuthConfig ?? new() { Keeps = true }) with { Users = users, Source = settings.Source };
    }

    public override Filter Compile(FilterConfig config, FilterContext context) => new BasicAuthFilter((BasicAuthConfig)config, context);
}
