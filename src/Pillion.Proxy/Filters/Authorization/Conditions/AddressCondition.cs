using System.Net;
using System.Net.Sockets;
using Pillion.Core.Configuration;

namespace Pillion.Proxy.Filters.Authorization.Conditions;

/// <summary>An address is in one of some networks. A Unix socket has none, and is in no network.</summary>
internal sealed class AddressCondition(ValueList<IPNetwork> networks, AddressOf address) : Condition
{
    private readonly (byte[] Prefix, int Bits)[] _networks = [.. networks.Select(Fold)];

    public override bool Matches(ref Question question)
    {
        Span<byte> bytes = stackalloc byte[16];
        if (!address(ref question).TryWriteBytes(bytes, out var length))
        {
            return false;
        }

        foreach (var (prefix, bits) in _networks)
        {
            if (prefix.Length == length && SameStart(prefix, bytes, bits))
            {
                return true;
            }
        }

        return false;
    }

    private static bool SameStart(byte[] prefix, ReadOnlySpan<byte> address, int bits)
    {
        var whole = bits / 8;
        return address[..whole].SequenceEqual(prefix.AsSpan(0, whole)) && (bits % 8 == 0 || ((address[whole] ^ prefix[whole]) >> (8 - (bits % 8))) == 0);
    }

    // Peers of a dual-stack listener are IPv4 addresses again by the time they are compared.
    private static (byte[] Prefix, int Bits) Fold(IPNetwork network) =>
        network.BaseAddress.AddressFamily == AddressFamily.InterNetworkV6 && network.BaseAddress.IsIPv4MappedToIPv6 && network.PrefixLength >= 96
            ? (network.BaseAddress.MapToIPv4().GetAddressBytes(), network.PrefixLength - 96)
            : (network.BaseAddress.GetAddressBytes(), network.PrefixLength);
}
