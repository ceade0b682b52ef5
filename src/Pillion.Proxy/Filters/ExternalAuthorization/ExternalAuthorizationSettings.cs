using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Configuration.Native;
using Pillion.Proxy.Configuration.Reading;

namespace Pillion.Proxy.Filters.ExternalAuthorization;

/// <summary><c>external_authorization:</c> of Pillion's own file. Where it is inherited, a route may say only what is different.</summary>
internal static class ExternalAuthorizationSettings
{
    private static readonly Registry<bool> Protocols = new("protocol") { { "grpc", false }, { "http", true } };

    private static readonly Registry<bool> FailureChoices = new("choice") { { "refuse", false }, { "allow", true } };

    public static ExternalAuthorizationConfig? Read(ConfigValue value, ExternalAuthorizationConfig? inherited, NativeScope scope)
    {
        using var map = value.AsMap("external authorization");
        var service = map.Optional("service", "The service of `outbound.services` that is asked; must be there unless it is inherited. For gRPC its protocol must be `http2`.");
        var usual = inherited ?? new ExternalAuthorizationConfig { Cluster = "" };
        var cluster = service.AsTextOrNull();
        if (cluster is not null)
        {
            scope.Targets.Refer(service);
        }
        else if (inherited is null && value.IsMap && !service.Exists)
        {
            map.Fail("does not say which service is asked", "add service: NAME, one of outbound.services");
        }

        var byHttp = map.Optional("protocol", "How it is asked: `grpc` by envoy.service.auth.v3.Authorization, `http` by a request of the same method and path, which 200 allows.").AsOneOf(Protocols, usual.Http is not null);
        var http = ReadHttp(map.Optional("http", "How it is asked by HTTP."), usual.Http ?? new());
        if (map.Has("http") && !byHttp)
        {
            map.Optional("http").Fail("is for a service that is asked by HTTP", "add protocol: http, or remove it");
        }

        var config = usual with
        {
            Cluster = cluster ?? usual.Cluster,
            Http = byHttp ? http : null,
            Timeout = map.Optional("timeout", "Of one question, connecting included; each request waits for its answer.").AsDuration(usual.Timeout, TimeSpan.FromMilliseconds(1)),
            FailsOpen = map.Optional("on_failure", "What becomes of a request when the service does not answer, or not sensibly: `refuse`, or `allow` lets it pass unasked.").AsOneOf(FailureChoices, usual.FailsOpen),
            FailureStatus = map.Optional("status", "The answer to what is refused because the service did not answer.").AsInt(usual.FailureStatus, 400, 599),
            IncludesCertificate = map.Optional("certificate", "Tell the service the client's certificate (gRPC only).").AsBool(usual.IncludesCertificate),
            AllowedHeaders = ReadNames(map.Optional("headers", "Which of the request's headers a service asked by gRPC is told, such as `x-tenant` or `x-app-*`; all of them when absent."), usual.AllowedHeaders),
            DisallowedHeaders = ReadNames(map.Optional("hidden_headers", "Headers that a service asked by gRPC is never told."), usual.DisallowedHeaders),
            Context = ReadContext(map.Optional("context", "Words to the service about the requests of this place, `NAME: TEXT`; those of a route add to those that it inherits."), usual.Context),
            Source = value.Source,
        };
        config = ReadBody(map.Optional("body", "The size up to which the request's body is sent with the question, or a [body](#authorization-body); none of it when absent."), config);
        return value.IsMap ? config : null;
    }

    /// <summary>Names, of which one may begin or end with a star.</summary>
    public static ValueList<ValueMatchConfig> ReadNames(ConfigValue value, ValueList<ValueMatchConfig> usual)
    {
        var names = value.AsTexts(item => item.AsTextOrNull("header name", IsName, "use letters, digits and hyphens; a star at the beginning or the end stands for the rest"));
        return !value.Exists ? usual : new([.. names.Select(name =>
            name == "*" ? new ValueMatchConfig { Name = "", Kind = ValueMatchKind.Prefix } :
            name.EndsWith('*') ? new ValueMatchConfig { Name = "", Kind = ValueMatchKind.Prefix, Value = name[..^1] } :
            name.StartsWith('*') ? new ValueMatchConfig { Name = "", Kind = ValueMatchKind.Suffix, Value = name[1..] } :
            new ValueMatchConfig { Name = "", Kind = ValueMatchKind.Exact, Value = name })]);
    }

    private static bool IsName(string text) => text == "*" || (HttpText.IsToken(text.Trim('*')) && text.Count(c => c == '*') <= 1 && text.Trim('*').IndexOf('*') < 0);

    private static HttpAuthorizationConfig ReadHttp(ConfigValue value, HttpAuthorizationConfig usual)
    {
        using var map = value.AsMap("authorization by http");
        return new()
        {
            PathPrefix = map.Optional("path_prefix", "Put before the request's own path.").AsText("path", HttpText.IsPath, "use a path that begins with '/'", usual.PathPrefix),
            AllowedHeaders = ReadNames(map.Optional("headers", "Headers of the request that the service is told, besides Host and Authorization."), usual.AllowedHeaders),
            AddedHeaders = ReadAdded(map.Optional("add_headers", "Headers added to the question, `NAME: VALUE`; values may hold operators."), usual.AddedHeaders),
            UpstreamHeaders = ReadNames(map.Optional("upstream_headers", "Headers of an answer that allows, which the upstream gets in place of the client's."), usual.UpstreamHeaders),
            AppendedHeaders = ReadNames(map.Optional("appended_headers", "Headers of an answer that allows, which the upstream gets beside the client's."), usual.AppendedHeaders),
            ClientHeaders = ReadNames(map.Optional("client_headers", "Headers of an answer that denies, which the client gets; all of them when absent. Location and WWW-Authenticate always."), usual.ClientHeaders),
            ClientHeadersOnSuccess = ReadNames(map.Optional("client_headers_on_success", "Headers of an answer that allows, which the client gets with the upstream's answer."), usual.ClientHeadersOnSuccess),
        };
    }

    private static ValueList<HeaderValueConfig> ReadAdded(ConfigValue value, ValueList<HeaderValueConfig> usual)
    {
        var headers = new List<HeaderValueConfig>();
        value.AsNamed("NAME", (name, item) =>
        {
            if (!value.IsDescribing)
            {
                HeaderName.Check(name, item);
            }

            if (OperatorText.Read(item) is { } text)
            {
                headers.Add(new(name, text, HeaderAppend.Set));
            }
        });
        return value.Exists ? new([.. headers]) : usual;
    }

    private static ValueList<ContextExtension> ReadContext(ConfigValue value, ValueList<ContextExtension> usual)
    {
        var words = usual.ToList();
        value.AsNamed("NAME", (name, item) =>
        {
            words.RemoveAll(word => word.Name == name);
            words.Add(new(name, item.AsText()));
        });
        return value.IsDescribing || words.Count == 0 ? [] : new([.. words]);
    }

    private static ExternalAuthorizationConfig ReadBody(ConfigValue value, ExternalAuthorizationConfig config)
    {
        if (value.IsText)
        {
            return config with { MaxBodyBytes = value.AsSize(8 * 1024, 1, 16 * 1024 * 1024), AllowsPartialBody = false };
        }

        using var map = value.AsMap("authorization body");
        var most = map.Optional("max", "The size up to which the body is sent with the question.").AsSize(8 * 1024, 1, 16 * 1024 * 1024);
        return config with
        {
            MaxBodyBytes = value.IsMap ? most : config.MaxBodyBytes,
            AllowsPartialBody = map.Optional("partial", "A longer body is sent in part, and the service is told by `x-envoy-auth-partial-body`; without it the answer is 413.").AsBool(config.AllowsPartialBody),
            PacksBodyAsBytes = map.Optional("as_bytes", "The body goes in `raw_body`, whatever is in it; without it in `body`, where what is no UTF-8 is replaced.").AsBool(config.PacksBodyAsBytes),
        };
    }
}
