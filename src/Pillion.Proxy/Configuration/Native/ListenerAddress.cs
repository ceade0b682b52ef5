using Pillion.Core.Configuration.Reading;
using Pillion.Net;

namespace Pillion.Proxy.Configuration.Native;

/// <summary>Where a listener is bound: a port on the usual interface, or a whole address.</summary>
internal static class ListenerAddress
{
    public static Address Read(ConfigMap map, Address usual)
    {
        var port = map.Optional("port", $"Port on {usual.Host}.").AsPort(usual.Port);
        var address = map.Optional("address", "Address and port, or `unix:/path`, in place of `port`.");
        if (address.Exists && map.Has("port"))
        {
            address.Fail("stands beside port", "give one of the two");
        }

        return address.AsAddress(usual with { Port = port }, listening: true)!;
    }
}
