using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Pillion.Net.Loop;
using Pillion.Net.Sockets;
using Pillion.Net.Tls;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Net.Tls;

/// <summary>Against .NET's own TLS, on either side, over the kernel's sockets and the system's clock.</summary>
public sealed class SslStreamTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly Network _network = Network.ForThisSystem(portable: false);
    private readonly List<IDisposable> _disposables = [];
    private EventLoop _loop = null!;
    private Listener _listener = null!;

    public static TheoryData<SslProtocols, bool> Cases => new()
    {
        { SslProtocols.Tls12, false },
        { SslProtocols.Tls12, true },
        { SslProtocols.Tls13, false },
        { SslProtocols.Tls13, true },
    };

    public async ValueTask InitializeAsync()
    {
        _loop = _network.CreateLoop(0, TimeProvider.System);
        _loop.Start();
        _listener = await _loop.RunAsync(() => Task.FromResult(_network.Listen(_loop, new IPEndPoint(IPAddress.Loopback, 0), shared: false).Listener!));
    }

    public async ValueTask DisposeAsync()
    {
        _disposables.ForEach(one => one.Dispose());
        await _loop.RunAsync(() =>
        {
            _listener.Close();
            return Task.CompletedTask;
        });
        await Eventually.IsAsync(() => _loop.InvokeAsync(() => _loop.Slabs.Rented).Result == 0);
        _loop.StopAndDispose();
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Its_client_and_our_server_understand_each_other(SslProtocols version, bool mutual)
    {
        var settings = (mutual ? TlsHandshakeTests.Mutual : TlsFixture.ServerSettings) with { ApplicationProtocols = ["h2", "http/1.1"] };
        var (server, client) = await AcceptAsync(settings, Client(version, mutual));
        Assert.Equal(version == SslProtocols.Tls13 ? "TLSv1.3" : "TLSv1.2", server.Tls.Version);
        Assert.Equal(SslApplicationProtocol.Http11, client.NegotiatedApplicationProtocol);
        Assert.Equal("http/1.1", server.Tls.ApplicationProtocol);
        Assert.Equal("server.test", server.Tls.ServerName);
        Assert.Equal(mutual ? "spiffe://test/client" : null, server.Tls.PeerIdentity);
        await ExchangeAsync(server, client);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Our_client_and_its_server_understand_each_other(SslProtocols version, bool mutual)
    {
        var (client, server) = await ConnectAsync(TlsHandshakeTests.Known with { ApplicationProtocols = ["http/1.1", "h2"] }, Server(version, mutual));
        Assert.Equal(version == SslProtocols.Tls13 ? "TLSv1.3" : "TLSv1.2", client.Tls.Version);
        Assert.Equal("h2", client.Tls.ApplicationProtocol);
        Assert.Equal("the server", client.Tls.PeerIdentity);
        Assert.Equal(mutual, server.RemoteCertificate is not null);
        await ExchangeAsync(client, server);
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task Much_goes_both_ways_at_once(SslProtocols version)
    {
        var (server, client) = await AcceptAsync(TlsFixture.ServerSettings, Client(version, mutual: false));
        var there = Random(1, 9_000_000);
        var back = Random(2, 7_000_000);
        var ours = _loop.RunAsync(async () =>
        {
            var sending = TlsFixture.SendAsync(server, back).AsTask();
            var received = await TlsFixture.ReceiveAllAsync(server, there.Length);
            Assert.True((await sending).IsOk);
            return received;
        });
        var writing = client.WriteAsync(there).AsTask();
        var received = new byte[back.Length];
        await client.ReadExactlyAsync(received);
        await writing;
        Assert.Equal(back, received);
        Assert.Equal(there, await ours);
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task An_end_is_the_end_and_the_other_half_goes_on(SslProtocols version)
    {
        var (server, client) = await AcceptAsync(TlsFixture.ServerSettings, Client(version, mutual: false));
        await client.WriteAsync("question"u8.ToArray());
        await client.ShutdownAsync();
        Assert.Equal("question"u8.ToArray(), await _loop.RunAsync(() => TlsFixture.ReceiveAllAsync(server).AsTask()));
        await _loop.RunAsync(async () =>
        {
            Assert.True((await TlsFixture.SendAsync(server, "answer"u8.ToArray())).IsOk);
            server.Close();
        });
        var answer = new MemoryStream();
        await client.CopyToAsync(answer);
        Assert.Equal("answer"u8.ToArray(), answer.ToArray());
    }

    [Fact]
    public async Task A_socket_that_is_closed_without_an_end_of_the_stream_is_a_reset()
    {
        var (server, client) = await AcceptAsync(TlsFixture.ServerSettings, Client(SslProtocols.Tls13, mutual: false), out var socket);
        await client.WriteAsync("question"u8.ToArray());
        (await socket).Shutdown(SocketShutdown.Send);
        await _loop.RunAsync(async () =>
        {
            Assert.Equal("question"u8.ToArray(), await TlsFixture.ReceiveAllAsync(server));
            Assert.Equal(IoError.Reset, (await TlsFixture.ReceiveAsync(server)).Result.Error);
        });
    }

    [Fact]
    public async Task Our_client_resumes_with_its_server()
    {
        var context = Keep(new TlsClientContext(TlsHandshakeTests.Known));
        var options = Server(SslProtocols.Tls13, mutual: false);
        foreach (var isResumed in new[] { false, true, true })
        {
            var (client, server) = await ConnectAsync(context, options);
            Assert.Equal(isResumed, client.Tls.IsResumed);
            Assert.Equal("the server", client.Tls.PeerIdentity);
            await ExchangeAsync(client, server);
        }
    }

    [Fact]
    public async Task A_certificate_that_its_client_refuses_is_told_so()
    {
        var client = Client(SslProtocols.Tls13, mutual: false);
        client.RemoteCertificateValidationCallback = (_, _, _, _) => false;
        var accepting = HandshakeAsync(TlsFixture.ServerSettings);
        using var socket = new TcpClient();
        await socket.ConnectAsync((IPEndPoint)_listener.LocalEndPoint);
        await using var stream = new SslStream(socket.GetStream());
        await Assert.ThrowsAsync<AuthenticationException>(() => stream.AuthenticateAsClientAsync(client));

        // It asks its own judge after the handshake, so the refusal comes as the first message of the stream, or as an end without one.
        stream.Close();
        socket.Close();
        var server = (await accepting).Connection!;
        Keep(new Closing(server));
        await _loop.RunAsync(async () => Assert.Equal(IoError.Reset, (await TlsFixture.ReceiveAsync(server)).Result.Error));
        Assert.NotNull(server.Fault);
    }

    private async Task ExchangeAsync(TlsConnection ours, SslStream theirs)
    {
        await theirs.WriteAsync("question"u8.ToArray());
        Assert.Equal("question"u8.ToArray(), await _loop.RunAsync(() => TlsFixture.ReceiveAllAsync(ours, 8).AsTask()));
        await _loop.RunAsync(async () => Assert.True((await TlsFixture.SendAsync(ours, "answer"u8.ToArray())).IsOk));
        var answer = new byte[6];
        await theirs.ReadExactlyAsync(answer);
        Assert.Equal("answer"u8.ToArray(), answer);
    }

    private Task<(TlsConnection Server, SslStream Client)> AcceptAsync(TlsServerSettings settings, SslClientAuthenticationOptions options) =>
        AcceptAsync(settings, options, out _);

    private Task<(TlsConnection Server, SslStream Client)> AcceptAsync(TlsServerSettings settings, SslClientAuthenticationOptions options, out Task<Socket> socket)
    {
        var connected = new TaskCompletionSource<Socket>();
        socket = connected.Task;
        return RunAsync();

        async Task<(TlsConnection, SslStream)> RunAsync()
        {
            var accepting = HandshakeAsync(settings);
            var client = Keep(new TcpClient());
            await client.ConnectAsync((IPEndPoint)_listener.LocalEndPoint);
            connected.SetResult(client.Client);
            var stream = Keep(new SslStream(client.GetStream()));
            await stream.AuthenticateAsClientAsync(options).WaitAsync(Patience);
            var result = await accepting;
            Assert.True(result.Connection is not null, result.Cause);
            Keep(new Closing(result.Connection));
            return (result.Connection, stream);
        }
    }

    private Task<TlsResult> HandshakeAsync(TlsServerSettings settings)
    {
        var context = Keep(new TlsServerContext(settings));
        return _loop.RunAsync(async () =>
            await TlsHandshake.AcceptAsync((await _listener.AcceptAsync()).Connection!, context, Deadline.After(_loop, Patience)));
    }

    private Task<(TlsConnection Client, SslStream Server)> ConnectAsync(TlsClientSettings settings, SslServerAuthenticationOptions options) =>
        ConnectAsync(Keep(new TlsClientContext(settings)), options);

    private async Task<(TlsConnection Client, SslStream Server)> ConnectAsync(TlsClientContext context, SslServerAuthenticationOptions options)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var connecting = _loop.RunAsync(async () =>
        {
            var connection = (await _network.ConnectAsync(_loop, listener.LocalEndpoint)).Connection!;
            return await TlsHandshake.ConnectAsync(connection, context, "server.test", Deadline.After(_loop, Patience));
        });
        var server = Keep(await listener.AcceptTcpClientAsync());
        var stream = Keep(new SslStream(server.GetStream()));
        await stream.AuthenticateAsServerAsync(options).WaitAsync(Patience);
        var result = await connecting;
        Assert.True(result.Connection is not null, result.Cause);
        Keep(new Closing(result.Connection));
        return (result.Connection, stream);
    }

    private static SslClientAuthenticationOptions Client(SslProtocols version, bool mutual) => new()
    {
        TargetHost = "server.test",
        EnabledSslProtocols = version,
        ApplicationProtocols = [SslApplicationProtocol.Http11],
        ClientCertificates = mutual ? [TlsFixture.ClientLeaf.WithKey()] : null,
        CertificateChainPolicy = Policy(),
    };

    private static SslServerAuthenticationOptions Server(SslProtocols version, bool mutual) => new()
    {
        EnabledSslProtocols = version,
        ServerCertificateContext = SslStreamCertificateContext.Create(TlsFixture.ServerLeaf.WithKey(), null, offline: true),
        ApplicationProtocols = [SslApplicationProtocol.Http2],
        ClientCertificateRequired = mutual,
        CertificateChainPolicy = Policy(),
    };

    private static X509ChainPolicy Policy()
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(TlsFixture.Authority.Certificate);
        return policy;
    }

    private static byte[] Random(int seed, int count)
    {
        var bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private T Keep<T>(T disposable)
        where T : IDisposable
    {
        _disposables.Add(disposable);
        return disposable;
    }

    private sealed class Closing(Connection connection) : IDisposable
    {
        public void Dispose() => connection.Loop.Post(connection.Close);
    }
}
