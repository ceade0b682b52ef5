using System.Net.Sockets;
using Pillion.Net;

namespace Pillion.Application;

/// <summary>Healthy when the port accepts a connection.</summary>
internal sealed class TcpProbe(Address address) : IProbe
{
    public async Task<string?> ProbeAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var socket = await Sockets.ConnectAsync(address, cancellationToken).ConfigureAwait(false);
            return null;
        }
        catch (SocketException exception)
        {
            return $"connecting to {address}: {Sockets.Describe(exception.SocketErrorCode)}";
        }
    }
}
