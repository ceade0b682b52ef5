using Pillion.Net.Http;

namespace Pillion.Proxy.Routing;

/// <summary>A service named first in the path (<c>/proxy/{service}/…</c>) becomes the request's host, and the rest its path.</summary>
internal static class ServicePath
{
    public static void Take(RequestHead request, ReadOnlySpan<byte> prefix, RouteTable routes)
    {
        var target = request.Target;
        if (request.Form != TargetForm.Origin || !target.StartsWith(prefix))
        {
            return;
        }

        var rest = target[prefix.Length..];
        var end = rest.IndexOfAny((byte)'/', (byte)'?');
        var service = end < 0 ? rest : rest[..end];
        if (service.IsEmpty || !routes.HasHost(service))
        {
            return;
        }

        request.SetAuthority(service);
        var path = end < 0 ? default : rest[end..];
        if (path.IsEmpty || path[0] == '?')
        {
            Span<byte> rooted = path.Length < 1024 ? stackalloc byte[1025] : new byte[path.Length + 1];
            rooted[0] = (byte)'/';
            path.CopyTo(rooted[1..]);
            request.SetTarget(rooted[..(path.Length + 1)]);
        }
        else
        {
            request.SetTarget(path);
        }
    }
}
