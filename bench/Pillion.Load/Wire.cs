using System.Net.Sockets;

namespace Pillion.Load;

/// <summary>A blocking connection, in plain text or through TLS.</summary>
internal sealed class Wire : IDisposable
{
    private readonly TlsConnection? _tls;

    private Wire(Socket socket, TlsConnection? tls)
    {
        Socket = socket;
        _tls = tls;
    }

    public Socket Socket { get; }

    public TlsConnection? Tls => _tls;

    public static Wire Connect(Target target, TlsSession? resume = null)
    {
        var socket = target.Open();
        socket.ReceiveTimeout = 10_000;
        try
        {
            socket.Connect(target.Address);
            return new Wire(socket, target.Tls?.Connect((int)socket.Handle, resume));
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public void Send(ReadOnlySpan<byte> bytes)
    {
        if (_tls is not null)
        {
            _tls.Send(bytes);
            return;
        }

        while (!bytes.IsEmpty)
        {
            bytes = bytes[Socket.Send(bytes)..];
        }
    }

    public int Receive(Span<byte> buffer) => _tls is not null ? _tls.Receive(buffer) : Socket.Receive(buffer);

    public void Dispose()
    {
        _tls?.Dispose();
        Socket.Dispose();
    }
}
