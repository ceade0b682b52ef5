using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Native;

/// <summary>What a route does: <c>to</c>, <c>redirect</c> or <c>respond</c>.</summary>
internal static class RouteActions
{
    public static RouteActionConfig Read(ConfigMap map, PathMatchConfig path, ForwardConfig usual, RouteTargets targets)
    {
        var to = map.Optional("to", "The service to send the request to, or `app`, or several with their weights, such as `{ payments: 90, payments-v2: 10 }`. When absent: the service these routes belong to, the application on the inbound side.");
        var splitBy = map.Optional("split_by", "What keeps a caller on one of several services in `to`; each request is drawn by chance when absent.");
        var redirect = map.Optional("redirect", "Answer with a redirect to this URL or path, or a [redirect](#redirect).");
        var respond = map.Optional("respond", "Answer with this status, or an [answer](#answer).");
        ConfigValue[] given = [.. new[] { to, redirect, respond }.Where(value => value.Exists)];
        foreach (var extra in given.Skip(1))
        {
            extra.Fail($"stands beside {given[0].Path.Split('.')[^1]}", "give one of to, redirect or respond");
        }

        // All are read, so that mistakes in the superfluous ones are told as well; only the chosen one's settings may be there.
        var answer = redirect.Exists || redirect.IsDescribing ? ReadRedirect(redirect, path) : null;
        var response = respond.Exists || respond.IsDescribing ? ReadAnswer(respond) : null;
        if (redirect.Exists || respond.Exists)
        {
            return (RouteActionConfig?)answer ?? response ?? new DirectResponseConfig { Status = 500 };
        }

        var split = Splits.Read(to, splitBy, targets);
        if (to.Exists)
        {
            if (!to.IsMap)
            {
                targets.Refer(to);
            }
        }
        else if (usual.Cluster.Length == 0 && !map.IsDescribing)
        {
            map.Fail("has nowhere to send the request", "add to, redirect or respond, or say where the application is with 'app: { address: 127.0.0.1:8080 }'");
        }

        var forward = ForwardSettings.Read(map, usual with { Cluster = to.IsMap ? "" : to.AsText(usual.Cluster), Split = split }, targets);
        forward = Rewrites.Read(map.Optional("rewrite", "What is changed in path and Host before sending."), path, forward);
        var labels = map.Optional("labels", "Only endpoints of the service that have all of these labels, such as `version: v2`.");
        forward = forward with { Labels = Labels.Read(labels) };
        if (!forward.Labels.IsEmpty)
        {
            targets.AskFor(labels, forward.Cluster, forward.Labels);
        }

        var terminate = map.Optional("terminate_connect", "With `connect`: the tunnel ends here and goes on to the service as plain bytes, otherwise CONNECT itself is sent on.");
        if (terminate.Exists && path.Kind != PathMatchKind.Connect)
        {
            terminate.Fail("is for CONNECT requests", "add connect: true, or remove it");
        }

        return forward with { TerminateConnect = terminate.AsBool(path.Kind == PathMatchKind.Connect) };
    }

    private static RedirectConfig? ReadRedirect(ConfigValue value, PathMatchConfig path)
    {
        if (value.IsText)
        {
            return ReadUrl(value);
        }

        using var map = value.AsMap("redirect");
        var redirect = new RedirectConfig
        {
            Status = ReadRedirectStatus(map.Optional("status", "301, 302, 303, 307 or 308.")),
            Scheme = map.Optional("scheme", "http or https; the request's when absent.").AsTextOrNull("scheme", text => text is "http" or "https", "use http or https"),
            Host = map.Optional("host", "The host; the request's when absent.").AsTextOrNull("host", HttpText.IsHost, "use a host name"),
            Port = map.Optional("port", "The port; the request's when absent.").AsIntOrNull(1, 65535),
            Path = map.Optional("path", "The whole path.").AsTextOrNull("path", text => HttpText.IsPath(text.Split('?')[0]), "use a path that begins with '/'"),
            PrefixRewrite = Rewrites.ReadPrefix(map.Optional("prefix", "Replaces the part of the path that matched."), path),
            RegexRewrite = Rewrites.ReadRegex(map),
            StripQuery = map.Optional("strip_query", "Leave the query out.").AsBool(false),
        };
        if (new object?[] { redirect.Path, redirect.PrefixRewrite, redirect.RegexRewrite }.Count(part => part is not null) > 1)
        {
            map.Fail("changes the path in several ways", "give one of path, prefix or regex");
        }

        if (value.IsMap && redirect == new RedirectConfig { Status = redirect.Status, StripQuery = redirect.StripQuery } && !redirect.StripQuery)
        {
            map.Fail("leads to the same place", "give a scheme, host, port, path, prefix or regex");
        }

        return redirect;
    }

    private static RedirectConfig? ReadUrl(ConfigValue value)
    {
        var text = value.AsText();
        if (HttpText.IsPath(text.Split('?')[0]) && HttpText.IsFieldValue(text) && !text.Contains(' '))
        {
            return new() { Path = text };
        }

        if (Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url.UserInfo.Length == 0 && url.Fragment.Length == 0)
        {
            var hasPath = text.AsSpan(url.Scheme.Length + 3).Contains('/');
            return new() { Scheme = url.Scheme, Host = url.Host, Port = url.IsDefaultPort ? null : url.Port, Path = hasPath ? url.PathAndQuery : null };
        }

        value.FailText("is not a place to redirect to", "use a path, or a URL such as https://new.example/");
        return null;
    }

    private static int ReadRedirectStatus(ConfigValue value)
    {
        var status = value.AsInt(301, 300, 399);
        if (status is not (301 or 302 or 303 or 307 or 308))
        {
            value.FailText("is not a redirect", "use 301, 302, 303, 307 or 308");
        }

        return status;
    }

    private static DirectResponseConfig? ReadAnswer(ConfigValue value)
    {
        if (value.IsText)
        {
            return new() { Status = value.AsInt(200, 200, 599) };
        }

        using var map = value.AsMap("answer");
        return new()
        {
            Status = map.Required("status", "The status, 200-599. `respond: STATUS` is short for this.").AsInt(200, 200, 599),
            Body = map.Optional("body", "The body.").AsText(),
            ContentType = map.Optional("content_type", "Its Content-Type.").AsText("field value", HttpText.IsFieldValue, "use a media type", "text/plain"),
        };
    }
}
