using System.Net;
using System.Net.Sockets;
using Pillion.Net.Loop;
using Pillion.Net.Sockets;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Net.Sockets;

/// <summary>What holds only where there is a kernel, whose addresses are shared with other programs.</summary>
public abstract class KernelNetworkContract : NetworkContract
{
    [Fact]
    public void A_port_that_another_program_shares_is_in_use()
    {
        // Another program, as far as a network can tell: it shares its address with whoever asks.
        var other = CreateNetwork();
        using var theirs = other.CreateLoop(0, TimeProvider.System);
        using var ours = Network.CreateLoop(2, TimeProvider.System);
        Listener? listener = null;
        On(theirs, () => listener = other.Listen(theirs, AnyPort, shared: true).Listener!);
        On(ours, () => Assert.Equal(IoError.AddressInUse, Network.Listen(ours, listener!.LocalEndPoint, shared: true).Error));
        On(theirs, listener!.Close);
    }

    [Fact]
    public void A_unix_path_that_nobody_answers_on_is_taken_over()
    {
        var path = Path.Combine(Path.GetTempPath(), $"pillion-{Guid.NewGuid():N}.sock");
        using var loop = Network.CreateLoop(2, TimeProvider.System);
        try
        {
            // Bound and never listened on, and still there when its program is gone.
            using (var stale = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
            {
                stale.Bind(new UnixDomainSocketEndPoint(path));
                On(loop, () => Network.Listen(loop, new UnixDomainSocketEndPoint(path), shared: false).Listener!.Close());
            }
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void A_file_that_is_not_a_socket_is_never_removed()
    {
        var path = Path.Combine(Path.GetTempPath(), $"pillion-{Guid.NewGuid():N}.txt");
        File.WriteAllText(path, "precious");
        using var loop = Network.CreateLoop(2, TimeProvider.System);
        try
        {
            On(loop, () => Assert.Equal(IoError.AddressInUse, Network.Listen(loop, new UnixDomainSocketEndPoint(path), shared: false).Error));
            Assert.Equal("precious", File.ReadAllText(path));
        }
        finally
        {
            File.Delete(path);
        }
    }

    private protected override IDisposable BlackHole(out EndPoint endPoint)
    {
        // A listener whose backlog is full: the kernel drops further SYNs.
        var sockets = new Sockets();
        var listener = sockets.Add();
        listener.Bind(AnyPort);
        listener.Listen(0);
        endPoint = listener.LocalEndPoint!;
        for (var i = 0; i < 4; i++)
        {
            var filler = sockets.Add();
            filler.Blocking = false;
            try
            {
                filler.Connect(endPoint);
            }
            catch (SocketException exception) when (exception.SocketErrorCode == SocketError.WouldBlock)
            {
                // Under way; it may stay so.
            }
        }

        return sockets;
    }

    private static void On(EventLoop loop, Action action)
    {
        loop.Post(action);
        loop.RunUntilIdle();
    }

    private sealed class Sockets : IDisposable
    {
        private readonly List<Socket> _all = [];

        public Socket Add()
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            _all.Add(socket);
            return socket;
        }

        public void Dispose() => _all.ForEach(socket => socket.Dispose());
    }
}
