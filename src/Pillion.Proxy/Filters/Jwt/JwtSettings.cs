using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Native;
using Pillion.Proxy.Configuration.Reading;

namespace Pillion.Proxy.Filters.Jwt;

/// <summary><c>jwt:</c> of Pillion's own file.</summary>
internal static class JwtSettings
{
    private static readonly Registry<bool> Modes = new("mode") { { "required", true }, { "optional", false } };

    private static readonly Registry<bool> Choices = new("choice") { { "refuse", false }, { "allow", true } };

    public static JwtConfig? Read(ConfigValue value, JwtConfig? inherited, NativeScope scope)
    {
        if (value.IsText)
        {
            return ReadMode(value, inherited);
        }

        using var map = value.AsMap("jwt");
        var list = map.Optional("providers", "The issuers that are believed, by names of your choice; see [provider](#jwt-provider). Inherited where they are absent.");
        var providers = ReadProviders(list, scope);
        if (!list.Exists && inherited is not null)
        {
            providers = inherited.Providers;
        }

        if (value.IsMap && providers.Providers.Count == 0 && !list.Exists)
        {
            map.Fail("names no provider, and inherits none", "add providers: { NAME: { issuer: …, keys: … } }");
        }

        var require = map.Optional("require", "The provider whose token is required, a list of which one is enough, or a [requirement](#jwt-requirement). Any of the providers when absent.");
        var requirement = require.Exists || require.IsDescribing ? ReadRequirement(require, providers) : Usual(providers);
        var missing = map.Optional("missing", "What becomes of a request without a token: `refuse` answers 401, `allow` lets it pass as nobody in particular.").AsOneOf(Choices, false);
        var failed = map.Optional("failed", "What becomes of a request whose token is no good: `refuse` answers 401, `allow` takes the token out and lets the request pass like one without.").AsOneOf(Choices, false);
        var preflight = map.Optional("preflight", "What becomes of a browser's question whether it may ask (OPTIONS with Origin and Access-Control-Request-Method), which never carries a token: `allow` lets it pass.").AsOneOf(Choices, false);
        return !value.IsMap ? null : new JwtConfig
        {
            Providers = providers,
            Requirement = requirement is null ? null : Relax(requirement, missing, failed),
            PassesPreflight = preflight,
            StripsBadTokens = true,
            Source = value.Source,
        };
    }

    private static JwtConfig? ReadMode(ConfigValue value, JwtConfig? inherited)
    {
        if (inherited is null)
        {
            value.FailText("names no provider, and none is inherited", "write jwt: { providers: { NAME: { issuer: …, keys: … } } }");
            return null;
        }

        var required = value.AsOneOf(Modes, true);
        return inherited with { Requirement = Relax(Usual(inherited.Providers), missing: !required, failed: false), Source = value.Source };
    }

    private static JwtRequirement Usual(JwtProvidersConfig providers) => providers.Providers is [var only]
        ? One(only.Name, only.Source)
        : new JwtRequirement(JwtRequirementKind.Any) { Of = new([.. providers.Providers.Select(provider => One(provider.Name, provider.Source))]) };

    private static JwtRequirement One(string provider, SourceLine source) => new(JwtRequirementKind.Provider) { Provider = provider, Source = source };

    private static JwtRequirement Relax(JwtRequirement requirement, bool missing, bool failed) =>
        failed ? new(JwtRequirementKind.Any) { Of = [requirement, new(missing ? JwtRequirementKind.AllowMissingOrFailed : JwtRequirementKind.AllowFailed)] } :
        missing ? new(JwtRequirementKind.Any) { Of = [requirement, new(JwtRequirementKind.AllowMissing)] } : requirement;

    private static JwtRequirement? ReadRequirement(ConfigValue value, JwtProvidersConfig providers)
    {
        if (value.IsText)
        {
            return ReadProvider(value, providers);
        }

        if (value.IsList)
        {
            return new(JwtRequirementKind.Any) { Of = value.AsList(item => ReadRequirement(item, providers)), Source = value.Source };
        }

        using var map = value.AsMap("jwt requirement");
        var any = map.Optional("any", "A list of which one is enough: providers, or requirements.");
        var all = map.Optional("all", "A list of which all are needed, each with a token of its own.");
        var provider = map.Optional("provider", "A provider.");
        var audiences = map.Optional("audiences", "Instead of the provider's own.").AsTexts(item => item.AsTextOrNull());
        if (value.IsDescribing)
        {
            // Requirements hold requirements: one level tells all there is.
            _ = any.AsTextOrNull();
            _ = all.AsTextOrNull();
            _ = provider.AsTextOrNull();
            return null;
        }

        var given = (any.Exists ? 1 : 0) + (all.Exists ? 1 : 0) + (provider.Exists ? 1 : 0);
        if (value.IsMap && given != 1)
        {
            map.Fail(given == 0 ? "requires nothing" : "requires several things at once", "give one of any, all or provider");
            return null;
        }

        if (provider.Exists)
        {
            return ReadProvider(provider, providers) is { } one ? one with { Audiences = map.Has("audiences") ? audiences : null } : null;
        }

        var of = (any.Exists ? any : all).AsList(item => ReadRequirement(item, providers));
        return new(any.Exists ? JwtRequirementKind.Any : JwtRequirementKind.All) { Of = of, Source = value.Source };
    }

    private static JwtRequirement? ReadProvider(ConfigValue value, JwtProvidersConfig providers)
    {
        var name = value.AsText();
        if (providers.Providers.Any(provider => provider.Name == name))
        {
            return One(name, value.Source);
        }

        if (value.IsText)
        {
            var names = providers.Providers.Select(provider => provider.Name).ToList();
            value.FailText("is not one of the providers", NearestName.Of(name, names) is { } nearest ? $"did you mean '{nearest}'?" : $"use {string.Join(" or ", names)}");
        }

        return null;
    }

    private static JwtProvidersConfig ReadProviders(ConfigValue value, NativeScope scope)
    {
        var providers = new List<JwtProviderConfig>();
        value.AsNamed("NAME", (name, item) => providers.Add(ReadProvider(name, item, scope)));
        return new() { Providers = value.IsDescribing ? [] : new([.. providers]), Source = value.Source };
    }

    private static JwtProviderConfig ReadProvider(string name, ConfigValue value, NativeScope scope)
    {
        using var map = value.AsMap("jwt provider");
        var provider = new JwtProviderConfig { Name = name, Source = value.Source };
        var issuer = map.Required("issuer", "What the token's `iss` must be; `any` does not look.").AsTextOrNull();
        provider = JwtKeySettings.Read(map.Required("keys", "The issuer's keys: a file of a JSON Web Key Set, or [keys](#jwt-keys) at a URL. A file is read anew when it changes."), provider, scope);
        var headers = map.Optional("from_headers", "Headers in which tokens come, and the prefix before them: `{ Authorization: \"Bearer \" }` when absent.");
        var parameters = map.Optional("from_params", "Parameters of the query in which tokens come.").AsTexts(item => Name(item, "parameter"), provider.FromParams);
        var cookies = map.Optional("from_cookies", "Cookies in which tokens come.").AsTexts(item => Name(item, "cookie"), []);
        return provider with
        {
            Issuer = issuer == "any" ? null : issuer,
            Audiences = map.Optional("audiences", "One of these must be among the token's `aud`; not looked at when absent.").AsTexts(item => item.AsTextOrNull()),
            RequireExpiry = map.Optional("require_expiry", "A token without `exp` is refused.").AsBool(provider.RequireExpiry),
            MaxLifetime = map.Optional("max_lifetime", "How far ahead a token's end may be at most; 0s does not look.").AsDuration(provider.MaxLifetime),
            ClockSkew = map.Optional("clock_skew", "By how much the issuer's clock and ours may differ.").AsDuration(provider.ClockSkew),
            Forward = map.Optional("forward", "The token goes on to the upstream. Without it the token is taken out once it was verified: whoever reads a log there does not find it.").AsBool(provider.Forward),
            FromHeaders = ReadHeaders(headers, provider.FromHeaders),
            FromParams = parameters,
            FromCookies = cookies,
            PayloadHeader = ReadHeader(map.Optional("payload_header", "A header that tells the upstream the token's payload, base64url; none when absent. What a client writes there itself is removed.")),
            ClaimHeaders = ReadClaims(map.Optional("claim_headers", "Headers that tell the upstream a claim, `NAME: CLAIM`; dots lead into maps, as in `realm_access.roles`; lists are joined by commas. What a client writes there itself is removed.")),
            CacheSize = map.Optional("cache", "Verified tokens that each loop remembers, by their hash, so that they need not be verified again; 0 remembers none.").AsInt(provider.CacheSize, 0, 100_000),
        };
    }

    private static ValueList<TokenHeader> ReadHeaders(ConfigValue value, ValueList<TokenHeader> usual)
    {
        var headers = new List<TokenHeader>();
        value.AsNamed("NAME", (name, item) =>
        {
            if (!value.IsDescribing && !HttpText.IsToken(name))
            {
                item.Fail($"{ConfigError.Quote(name)} is not a header name", "use letters, digits and hyphens");
            }

            headers.Add(new(name, item.AsText("prefix", HttpText.IsFieldValue, "use visible characters and spaces")));
        });
        return value.Exists ? new([.. headers]) : usual;
    }

    private static ValueList<ClaimHeader> ReadClaims(ConfigValue value)
    {
        var headers = new List<ClaimHeader>();
        value.AsNamed("NAME", (name, item) =>
        {
            if (!value.IsDescribing)
            {
                HeaderName.Check(name, item);
            }

            headers.Add(new(name, item.AsText()));
        });
        return value.IsDescribing ? [] : new([.. headers]);
    }

    private static string? ReadHeader(ConfigValue value) => HeaderName.Read(value);

    private static string? Name(ConfigValue value, string what) => value.AsTextOrNull(what, HttpText.IsToken, "use letters, digits, hyphens and underscores");
}
