using System.Net;
using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Net;

namespace Pillion.Proxy.Configuration.Envoy;

/// <summary><c>socket_address: { address, port_value }</c> or <c>pipe: { path }</c></summary>
internal static class EnvoyAddress
{
    private static readonly Registry<string> Protocols = new("protocol that is supported") { { "TCP", "" } };

    public static Address? Read(ConfigValue value, bool listening)
    {
        using var map = value.AsMap("Address");
        var socket = map.Optional("socket_address");
        var pipe = map.Optional("pipe");
        if (value.IsMap && socket.Exists == pipe.Exists)
        {
            map.Fail("is not one address", "give one of socket_address or pipe");
        }

        var path = ReadPipe(pipe);
        var address = ReadSocket(socket, listening);
        return path ?? address;
    }

    private static Address? ReadPipe(ConfigValue value)
    {
        using var map = value.AsMap();
        var path = map.Required("path").AsTextOrNull("socket path", text => text.Length is > 0 and < 108 && !text.Contains('\0'), "use a path of at most 107 bytes");
        return path is null ? null : Address.Unix(path);
    }

    private static Address? ReadSocket(ConfigValue value, bool listening)
    {
        using var map = value.AsMap();
        _ = map.Optional("protocol").AsOneOf(Protocols, "");
        var host = map.Required("address");
        var port = map.Required("port_value");
        var name = listening
            ? host.AsTextOrNull("IP address", text => IPAddress.TryParse(text, out _), "use an IP address such as 0.0.0.0")
            : host.AsTextOrNull("host", AddressText.IsHost, "use an IP address or a host name");
        var number = listening && port.Text == "0" ? 0 : port.AsPort(-1);
        return name is null || number < 0 ? null : new(name, number);
    }
}
