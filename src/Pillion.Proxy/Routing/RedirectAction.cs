using System.Text;
using Pillion.Core.Signals;
using Pillion.Net.Http;
using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Routing;

/// <summary>Answer with a redirect, its Location made as Envoy makes it.</summary>
internal sealed class RedirectAction(RedirectConfig config, PathMatcher matcher, HttpRules rules) : RouteAction
{
    private readonly byte[]? _scheme = Bytes(config.Scheme);
    private readonly byte[]? _host = Bytes(config.Host);
    private readonly byte[]? _path = Bytes(config.Path);
    private readonly PathRewrite? _rewrite = PathRewrite.Compile(config.PrefixRewrite, config.RegexRewrite, matcher, rules);

    public int Status { get; } = config.Status;

    /// <summary>Fills a cleared head. The request's own scheme is what X-Forwarded-Proto says, else its target's.</summary>
    public void Write(RequestHead request, ResponseHead response)
    {
        var scratch = Scratch.OfThread;
        var target = Target(request, scratch);

        // The target may lie in the scratch's writer, so the location is put together in a buffer of its own.
        var location = scratch.Location;
        var requestScheme = RequestFields.Scheme(request);
        var scheme = _scheme ?? requestScheme;
        location.Raw(scheme);
        location.Raw("://"u8);
        location.Raw(_host ?? RequestHost(request.Authority, scheme, requestScheme));
        if (config.Port is { } port)
        {
            location.Raw((byte)':');
            location.Number(port);
        }

        WriteTarget(location, request, target);
        response.Status = Status;
        response.Body = BodyKind.Length;
        response.ContentLength = 0;
        response.Fields.Add(KnownField.Location, location.Written);
    }

    // A path of the configuration that brings a query keeps its own and loses nothing; one without takes the request's.
    private void WriteTarget(LineBuffer location, RequestHead request, ReadOnlySpan<byte> target)
    {
        var ownQuery = _path?.AsSpan().IndexOf((byte)'?') >= 0;
        var question = target.IndexOf((byte)'?');
        var path = question < 0 || ownQuery ? target : target[..question];
        if (path is not [(byte)'/', ..])
        {
            location.Raw((byte)'/');
        }

        // "*" of OPTIONS names no path.
        location.Raw(request.Form == TargetForm.Asterisk && _path is null ? default : path);
        if (!ownQuery && !config.StripQuery && question >= 0)
        {
            location.Raw(target[question..]);
        }
    }

    private ReadOnlySpan<byte> Target(RequestHead request, Scratch scratch)
    {
        if (_path is null)
        {
            return _rewrite is null || request.Form is TargetForm.Authority or TargetForm.Asterisk
                ? request.Target
                : _rewrite.Apply(request.Target, scratch);
        }

        var question = request.Target.IndexOf((byte)'?');
        if (question < 0 || _path.AsSpan().IndexOf((byte)'?') >= 0)
        {
            return _path;
        }

        var writer = scratch.Writer;
        writer.Raw(_path);
        writer.Raw(request.Target[question..]);
        return writer.Written;
    }

    // A new port replaces the old one; a new scheme drops the old one's default port: http://a:80 becomes https://a.
    private ReadOnlySpan<byte> RequestHost(ReadOnlySpan<byte> authority, ReadOnlySpan<byte> scheme, ReadOnlySpan<byte> requestScheme)
    {
        var host = DomainTable.WithoutPort(authority);
        var port = authority[host.Length..];
        var isOldDefault = !scheme.SequenceEqual(requestScheme)
            && port.SequenceEqual(requestScheme.SequenceEqual("https"u8) ? ":443"u8 : ":80"u8);
        return config.Port is not null || isOldDefault ? host : authority;
    }

    private static byte[]? Bytes(string? text) => string.IsNullOrEmpty(text) ? null : Encoding.UTF8.GetBytes(text);
}
