using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Envoy;
using Pillion.Proxy.Configuration.Native;
using Pillion.Proxy.Filters.Jwt.Keys;

namespace Pillion.Proxy.Filters.Jwt;

/// <summary><c>jwt:</c> and Envoy's <c>envoy.filters.http.jwt_authn</c>.</summary>
internal sealed class JwtKind : FilterKind
{
    public override string Name => "jwt";

    public override string Meaning => "Tokens (JWT) that requests must show: from whom, for whom, and what becomes of them. On a route `required` or `optional` with the providers that it inherits, or `off`.";

    public override EnvoyExtension Envoy { get; } = new("JwtAuthentication", "envoy.filters.http.jwt_authn");

    public override EnvoyExtension EnvoyRoute { get; } = new("PerRouteConfig", "envoy.filters.http.jwt_authn");

    public override FilterConfig? Read(ConfigValue value, NativeScope scope) => Read(value, inherited: null, scope);

    public override FilterConfig? Read(ConfigValue value, FilterConfig? inherited, NativeScope scope) => JwtSettings.Read(value, (JwtConfig?)inherited, scope);

    public override FilterConfig? ReadEnvoy(ConfigMap settings, EnvoyScope scope) => EnvoyJwt.Read(settings, scope);

    public override FilterConfig? ReadEnvoyRoute(ConfigMap settings, FilterConfig? listeners, EnvoyScope scope) => EnvoyJwt.ReadRoute(settings, (JwtConfig?)listeners);

    public override Filter Compile(FilterConfig config, FilterContext context)
    {
        var jwt = (JwtConfig)config;

        // Taken for each configuration anew, so that a file is watched for as long as one uses it; what is equal is the same object.
        var files = jwt.Providers.Providers.Select(provider => provider.KeyFile is null ? null : Take(provider, context)).ToArray();
        var state = context.Keep(jwt.Providers, () => new JwtState([.. jwt.Providers.Providers.Select((provider, i) => new JwtProvider(provider, Keys(provider, files[i], context), context.Loops))]));
        return new JwtFilter(jwt, state, context);
    }

    private static KeySource Keys(JwtProviderConfig provider, FileKeys? file, FilterContext context) =>
        file ?? (KeySource)new RemoteKeys(provider.RemoteKeys!, provider.Name, context.Program.Time, context.Program.Logger);

    private static FileKeys Take(JwtProviderConfig provider, FilterContext context)
    {
        var secret = context.Secrets.Take(new KeyFileSource(provider.KeyFile!), out var fault);
        if (fault is not null)
        {
            context.Fail(provider.Source, fault.ToString());
        }

        return new FileKeys(secret);
    }
}
