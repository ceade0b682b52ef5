using Pillion.Core.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Native;

/// <summary>Settings that mean nothing where only bytes are passed on.</summary>
internal static class HttpOnly
{
    private static readonly string[] Names =
        ["timeout", "idle_timeout", "grpc_timeout", "retries", "mirror", "upgrades", "request_headers", "response_headers", "routes", "rewrite", "http", "http2", "connections", "priority", "hash_on"];

    public static void Refuse(ConfigMap map)
    {
        foreach (var name in Names.Where(map.Has))
        {
            map.Refuse(name, "is for HTTP, and the protocol here is tcp", name == "idle_timeout" ? "use tcp: { idle_timeout: … }" : "remove it");
        }
    }
}
