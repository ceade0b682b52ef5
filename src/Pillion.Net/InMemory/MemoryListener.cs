using System.Diagnostics.CodeAnalysis;
using System.Net;
using Pillion.Net.Loop;
using Pillion.Net.Sockets;

namespace Pillion.Net.InMemory;

/// <summary>A bound address of a memory network. A connection is complete once it is in the backlog, accepted or not, as with a kernel.</summary>
internal sealed class MemoryListener : Listener
{
    private readonly MemoryNetwork _network;
    private readonly PendingAccept _accept;
    private readonly Queue<MemoryConnection> _backlog = [];
    private bool _isClosed;

    [SetsRequiredMembers]
    public MemoryListener(EventLoop loop, MemoryNetwork network, EndPoint local)
        : base(loop)
    {
        _network = network;
        _accept = new PendingAccept(loop);
        LocalEndPoint = local;
    }

    /// <summary>Connections that wait to be accepted.</summary>
    public int Waiting => _backlog.Count;

    public override ValueTask<AcceptResult> AcceptAsync(CancellationToken cancellationToken = default)
    {
        Loop.CheckThread();
        if (_backlog.TryDequeue(out var connection))
        {
            return new ValueTask<AcceptResult>(new AcceptResult(connection, IoError.None));
        }

        return _isClosed ? new ValueTask<AcceptResult>(new AcceptResult(null, IoError.Closed)) : _accept.Wait(cancellationToken);
    }

    public override void Close()
    {
        Loop.CheckThread();
        if (!_isClosed)
        {
            _isClosed = true;
            _network.Remove(this);
            _accept.Complete(new AcceptResult(null, IoError.Closed));
        }
    }

    /// <summary>A connect reached this listener; on its loop.</summary>
    internal void Arrive(MemoryConnection client)
    {
        MemoryConnection? server = null;
        if (!_isClosed)
        {
            server = MemoryConnection.Accepted(Loop, client);
            server.MaxBytesPerReceive = client.MaxBytesPerReceive;
            server.RedirectedFrom = _network.FaultsOf(LocalEndPoint).RedirectedFrom;
            server.ResetAfterBytes = _network.FaultsOf(LocalEndPoint).ResetAfterServerBytes;
        }

        MemoryNetwork.Run(Loop, client.Loop, static state =>
        {
            var (client, server) = ((MemoryConnection, MemoryConnection?))state!;
            client.Answer(server);
        }, (client, server));

        if (server is null)
        {
            return;
        }

        if (_accept.IsPending)
        {
            _accept.Complete(new AcceptResult(server, IoError.None));
        }
        else
        {
            _backlog.Enqueue(server);
        }
    }
}
