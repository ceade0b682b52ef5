using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Pillion.Core.Configuration.Reading;

/// <summary>Networks in a file: <c>10.0.0.0/8</c>, <c>fd00::/8</c>, or an address alone, which is a network of one.</summary>
internal static class NetworkText
{
    private const string Form = "use a form such as 10.0.0.0/8, fd00::/8 or 10.1.2.3";

    public static bool TryParse(string text, out IPNetwork network, out string problem, out string remedy)
    {
        (network, problem, remedy) = (default, "is not a network", Form);
        var slash = text.IndexOf('/');
        if (!TryParseAddress(slash < 0 ? text : text[..slash], out var address))
        {
            return false;
        }

        var bits = BitsOf(address);
        var length = bits;
        if (slash >= 0 && (!int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out length) || length > bits))
        {
            (problem, remedy) = ("has no such prefix length", $"use 0-{bits}");
            return false;
        }

        network = Mask(address, length);
        if (network.BaseAddress.Equals(address))
        {
            return true;
        }

        // 10.1.2.3/8 may be meant as the address or as the network; whoever wrote it should say.
        (problem, remedy) = ("has bits behind its prefix", $"use {network} for the network, or {address} for the address");
        return false;
    }

    /// <summary>An address as it is usually written: none of the forms that read <c>010.1</c> as 8.0.0.1, and no scope.</summary>
    public static bool TryParseAddress(string text, out IPAddress address)
    {
        var isAddress = IPAddress.TryParse(text, out var parsed);
        address = parsed ?? IPAddress.None;
        return isAddress && (address.AddressFamily == AddressFamily.InterNetwork ? address.ToString() == text : text.AsSpan().IndexOfAny('%', '[') < 0);
    }

    /// <summary>The network of an address, whatever stands behind its prefix.</summary>
    public static IPNetwork Mask(IPAddress address, int length)
    {
        var bytes = address.GetAddressBytes();
        for (var i = 0; i < bytes.Length; i++)
        {
            var kept = Math.Clamp(length - (i * 8), 0, 8);
            bytes[i] &= (byte)(0xFF << (8 - kept));
        }

        return new(new IPAddress(bytes), length);
    }

    public static int BitsOf(IPAddress address) => address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128;
}
