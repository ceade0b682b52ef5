using System.Net.Sockets;
using Pillion.Core.Lifecycle;
using Pillion.Net;

namespace Pillion.Application;

/// <summary>An application that somebody else started; of its life we know only whether its port answers.</summary>
/// <param name="address">The address of the application in the running configuration, null where it names none.</param>
internal sealed class NeighbourApplication(Func<Address?> address) : IApplication
{
    private readonly TaskCompletionSource<int> _never = new();

    public bool IsOurs => false;

    public Task<int> Exited => _never.Task;

    /// <summary>Only a refusal is certain: a time-out may be a busy application.</summary>
    public async ValueTask<bool> IsGoneAsync(CancellationToken cancellationToken)
    {
        if (address()?.ToEndPoint() is not { } endPoint)
        {
            return false;
        }

        try
        {
            using var socket = Sockets.For(endPoint);
            await socket.ConnectAsync(endPoint, cancellationToken).ConfigureAwait(false);
            return false;
        }
        catch (SocketException exception)
        {
            return exception.SocketErrorCode is SocketError.ConnectionRefused or SocketError.AddressNotAvailable;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    public void RequestExit(int signal)
    {
    }

    public void Kill()
    {
    }
}
