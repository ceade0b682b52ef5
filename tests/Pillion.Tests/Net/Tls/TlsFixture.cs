using Pillion.Net.InMemory;
using Pillion.Net.Loop;
using Pillion.Net.Memory;
using Pillion.Net.Sockets;
using Pillion.Net.Tls;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Net.Tls;

/// <summary>Two ends of a memory connection on one loop with a clock by hand, and TLS between them. After each step nothing is left to do.</summary>
internal sealed class TlsFixture : IDisposable
{
    public static readonly TestAuthority Authority = new();
    public static readonly TestLeaf ServerLeaf = Authority.Issue("server.test", "spiffe://test/server");
    public static readonly TestLeaf ClientLeaf = Authority.Issue("client.test", "spiffe://test/client");

    private readonly List<IDisposable> _contexts = [];

    public TlsFixture(int maxBytesPerReceive = 0, int capacity = MemoryNetwork.DefaultCapacity)
    {
        Loop = new MemoryNetwork().CreateLoop(0, Clock);
        MaxBytesPerReceive = maxBytesPerReceive;
        Capacity = capacity;
        Reconnect();
    }

    public ManualTimeProvider Clock { get; } = new();

    public EventLoop Loop { get; }

    public int MaxBytesPerReceive { get; }

    public int Capacity { get; }

    /// <summary>Under the TLS of the client.</summary>
    public MemoryConnection ClientWire { get; private set; } = null!;

    public MemoryConnection ServerWire { get; private set; } = null!;

    public TlsResult ClientResult { get; private set; }

    public TlsResult ServerResult { get; private set; }

    public TlsConnection Client => ClientResult.Connection ?? throw new InvalidOperationException($"client: {ClientResult}");

    public TlsConnection Server => ServerResult.Connection ?? throw new InvalidOperationException($"server: {ServerResult}");

    public static TlsServerSettings ServerSettings => new() { Certificates = [ServerLeaf.ForTls()] };

    public static TlsClientSettings ClientSettings => new() { Trust = new TestTrust(Authority.Store, "the server") };

    public TlsServerContext ServerContext(TlsServerSettings? settings = null) => Keep(new TlsServerContext(settings ?? ServerSettings));

    public TlsClientContext ClientContext(TlsClientSettings? settings = null) => Keep(new TlsClientContext(settings ?? ClientSettings));

    /// <summary>New ends.</summary>
    public void Reconnect()
    {
        (ClientWire, ServerWire) = MemoryConnection.Pair(Loop, Loop, Capacity);
        ClientWire.MaxBytesPerReceive = ServerWire.MaxBytesPerReceive = MaxBytesPerReceive;
        ClientResult = ServerResult = default;
    }

    public void Shake(TlsServerContext server, TlsClientContext client, string? name = "server.test", TimeSpan limit = default)
    {
        var deadline = limit == default ? default : Deadline.After(Loop, limit);
        OnLoop(() =>
        {
            _ = AcceptAsync();
            _ = ConnectAsync();
        });

        async Task AcceptAsync() => ServerResult = await TlsHandshake.AcceptAsync(ServerWire, server, deadline);
        async Task ConnectAsync() => ClientResult = await TlsHandshake.ConnectAsync(ClientWire, client, name, deadline, resumptionKey: "one");
    }

    public TlsFixture Shaken(TlsServerSettings? server = null, TlsClientSettings? client = null, string? name = "server.test")
    {
        Shake(ServerContext(server), ClientContext(client), name);
        return this;
    }

    public void OnLoop(Action action)
    {
        Exception? thrown = null;
        Loop.Post(() =>
        {
            try
            {
                action();
            }
            catch (Exception exception)
            {
                thrown = exception;
            }
        });
        Loop.RunUntilIdle();
        Assert.Null(thrown);
    }

    /// <summary>Begins an operation and drives the loop; it may be done or wait.</summary>
    public Task<T> Begin<T>(Func<ValueTask<T>> operation)
    {
        Task<T>? task = null;
        OnLoop(() => task = operation().AsTask());
        return task!;
    }

    public T Run<T>(Func<ValueTask<T>> operation)
    {
        var task = Begin(operation);
        Assert.True(task.IsCompleted, "it waits");
        return task.Result;
    }

    public IoResult Send(Connection connection, byte[] bytes) => Run(() => SendAsync(connection, bytes));

    public byte[] Receive(Connection connection, int size = SlabPool.Large)
    {
        var (result, bytes) = Run(() => ReceiveAsync(connection, size));
        Assert.True(result.IsOk, result.ToString());
        return bytes;
    }

    public static async ValueTask<IoResult> SendAsync(Connection connection, byte[] bytes, Deadline deadline = default)
    {
        for (var at = 0; at < bytes.Length;)
        {
            var slab = connection.Loop.Slabs.Rent(SlabPool.Large);
            var count = Math.Min(slab.Capacity, bytes.Length - at);
            slab.TryAppend(bytes.AsSpan(at, count));
            var result = await connection.SendAsync(slab, count, deadline);
            connection.Loop.Slabs.Return(slab);
            if (!result.IsOk)
            {
                return result;
            }

            Assert.Equal(count, result.Count);
            at += count;
        }

        return IoResult.Done(bytes.Length);
    }

    public static async ValueTask<(IoResult Result, byte[] Bytes)> ReceiveAsync(Connection connection, int size = SlabPool.Large, Deadline deadline = default)
    {
        var slab = connection.Loop.Slabs.Rent(size);
        var result = await connection.ReceiveAsync(slab, deadline);
        var bytes = slab.Filled.ToArray();
        connection.Loop.Slabs.Return(slab);
        return (result, bytes);
    }

    /// <summary>Receives until so many bytes are there, or the stream ends.</summary>
    public static async ValueTask<byte[]> ReceiveAllAsync(Connection connection, int count = int.MaxValue, int size = SlabPool.Large)
    {
        var all = new MemoryStream();
        while (all.Length < count && await ReceiveAsync(connection, size) is { Result: { IsOk: true, Count: > 0 } } part)
        {
            all.Write(part.Bytes);
        }

        return all.ToArray();
    }

    /// <summary>Closes what is open; nothing may be left lent.</summary>
    public void Dispose()
    {
        OnLoop(() =>
        {
            ClientResult.Connection?.Close();
            ServerResult.Connection?.Close();
            ClientWire.Close();
            ServerWire.Close();
        });
        _contexts.ForEach(context => context.Dispose());
        Assert.Equal(0, Loop.Slabs.Rented);
        Loop.Dispose();
    }

    private T Keep<T>(T context)
        where T : IDisposable
    {
        _contexts.Add(context);
        return context;
    }
}
