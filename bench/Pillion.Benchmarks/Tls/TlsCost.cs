using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Pillion.Net.Linux;
using Pillion.Net.Loop;
using Pillion.Net.Memory;
using Pillion.Net.Sockets;
using Pillion.Net.Tls;

namespace Pillion.Benchmarks.Tls;

/// <summary>
/// Processor time of a server by handshake, small request and megabyte, with our TLS and with .NET's over the same sockets; and the memory of
/// idle connections. The client is ours and on a loop of its own; all threads but that one are counted.
/// </summary>
internal static class TlsCost
{
    private const int Handshakes = 2000;
    private const int Requests = 100_000;
    private const int Megabytes = 1024;
    private const int Idle = 2000;

    private static readonly EpollNetwork Network = new();
    private static readonly (X509Certificate2 Certificate, ECDsa Key) Authority = Issue("CN=authority", null);
    private static readonly (X509Certificate2 Certificate, ECDsa Key) Leaf = Issue("CN=server.test", Authority);

    /// <summary>Writes a table to the console: of time, or of memory, which needs a process for each of its four cases.</summary>
    public static async Task RunAsync(ReadOnlyMemory<string> args)
    {
        var serverLoop = Network.CreateLoop(0, TimeProvider.System);
        var clientLoop = Network.CreateLoop(1, TimeProvider.System);
        serverLoop.Start();
        clientLoop.Start();
        if (args.Length > 0)
        {
            await MeasureMemoryAsync(serverLoop, clientLoop, args.Span[0] == "ours", args.Length > 1);
            return;
        }

        foreach (var isOurs in new[] { true, false, true, false })
        {
            Console.WriteLine(isOurs ? "libssl on the loop" : "SslStream on the loop");
            foreach (var mutual in new[] { false, true })
            {
                await MeasureAsync(serverLoop, clientLoop, isOurs, mutual);
            }
        }
    }

    private static async Task MeasureAsync(EventLoop serverLoop, EventLoop clientLoop, bool isOurs, bool mutual)
    {
        var endPoint = await ListenAsync(serverLoop, isOurs, mutual, out var stop);
        var resuming = Client(mutual, resumption: true);
        var fresh = Client(mutual, resumption: false);
        var name = mutual ? "mutual, " : "";
        await Report($"{name}full handshake, us", Handshakes, () => InvokeAsync(clientLoop, () => ShakeAsync(clientLoop, endPoint, fresh, Handshakes)));
        await Report($"{name}resumed handshake, us", Handshakes, () => InvokeAsync(clientLoop, () => ShakeAsync(clientLoop, endPoint, resuming, Handshakes)));
        if (!mutual)
        {
            await Report("small request, us", Requests, () => InvokeAsync(clientLoop, () => AskAsync(clientLoop, endPoint, fresh, 32, Requests / 32, 200, 400)));
            await Report("megabyte received, us", Megabytes, () => InvokeAsync(clientLoop, () => AskAsync(clientLoop, endPoint, fresh, 4, Megabytes / 64, 16 << 20, 8)));
            await Report("megabyte sent, us", Megabytes, () => InvokeAsync(clientLoop, () => AskAsync(clientLoop, endPoint, fresh, 4, Megabytes / 64, 8, 16 << 20)));
        }

        await stop();

        async Task Report(string what, int count, Func<Task<bool>> run)
        {
            await run();
            var before = await clientLoop.InvokeAsync(() => ProcessCost.MicrosOfOthers);
            await run();
            var after = await clientLoop.InvokeAsync(() => ProcessCost.MicrosOfOthers);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {what,-32}{(after - before) / count,10:F2}"));
        }
    }

    private static async Task MeasureMemoryAsync(EventLoop serverLoop, EventLoop clientLoop, bool isOurs, bool mutual)
    {
        var endPoint = await ListenAsync(serverLoop, isOurs, mutual, out var stop);
        var context = Client(mutual, resumption: false);

        // What the first connections bring along stays: libraries, pools, heaps.
        var first = new List<Connection>();
        await InvokeAsync(clientLoop, () => OpenAsync(clientLoop, endPoint, context, 200, first));
        var before = Settled();
        var connections = new List<Connection>();
        await InvokeAsync(clientLoop, () => OpenAsync(clientLoop, endPoint, context, Idle, connections));
        var after = Settled();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{(isOurs ? "libssl" : "SslStream")}{(mutual ? ", mutual" : "")}: {(after.Resident - before.Resident) / Idle} bytes per idle server with its client in libssl, "
            + $"{(after.Managed - before.Managed) / Idle} of them managed, {(after.Native - before.Native) / Idle} lent by malloc"));
        await InvokeAsync(clientLoop, () =>
        {
            connections.ForEach(connection => connection.Close());
            first.ForEach(connection => connection.Close());
            return Task.CompletedTask;
        });
        await stop();

        static (long Resident, long Managed, long Native) Settled()
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            GC.Collect();
            return (ProcessCost.ResidentBytes, GC.GetTotalMemory(forceFullCollection: true), ProcessCost.NativeBytes);
        }
    }

    private static Task<EndPoint> ListenAsync(EventLoop loop, bool isOurs, bool mutual, out Func<Task> stop)
    {
        var context = new TlsServerContext(new TlsServerSettings
        {
            Certificates = [Certificate()],
            ClientCertificates = mutual ? ClientCertificates.Required : ClientCertificates.None,
            Trust = mutual ? new Trusting(Store()) : null,
        });
        var options = TlsServers.Theirs(X509Certificate2.CreateFromPem(Leaf.Certificate.ExportCertificatePem(), Leaf.Key.ExportPkcs8PrivateKeyPem()), mutual, Authority.Certificate);
        Listener? listener = null;
        stop = () => loop.InvokeAsync(() =>
        {
            listener!.Close();
            return true;
        });
        return loop.InvokeAsync(() =>
        {
            listener = Network.Listen(loop, new IPEndPoint(IPAddress.Loopback, 0), shared: false).Listener!;
            _ = AcceptAsync(listener);
            return listener.LocalEndPoint;
        });

        async Task AcceptAsync(Listener listener)
        {
            while (await listener.AcceptAsync() is { Connection: { } connection })
            {
                _ = isOurs ? TlsServers.ServeOursAsync(connection, context) : TlsServers.ServeTheirsAsync(connection, options);
            }
        }
    }

    private static async Task<bool> ShakeAsync(EventLoop loop, EndPoint endPoint, TlsClientContext context, int count)
    {
        for (var i = 0; i < count; i++)
        {
            var connection = await ConnectAsync(loop, endPoint, context);
            await ExchangeAsync(connection, 8, 8);
            connection.Close();
        }

        return true;
    }

    private static async Task AskAsync(EventLoop loop, EndPoint endPoint, TlsClientContext context, int connections, int rounds, int question, int answer)
    {
        var all = Enumerable.Range(0, connections).Select(async _ =>
        {
            var connection = await ConnectAsync(loop, endPoint, context);
            for (var i = 0; i < rounds; i++)
            {
                await ExchangeAsync(connection, question, answer);
            }

            connection.Close();
        }).ToList();
        await Task.WhenAll(all);
    }

    private static async Task OpenAsync(EventLoop loop, EndPoint endPoint, TlsClientContext context, int count, List<Connection> connections)
    {
        for (var i = 0; i < count; i++)
        {
            var connection = await ConnectAsync(loop, endPoint, context);
            await ExchangeAsync(connection, 200, 400);
            connections.Add(connection);
        }
    }

    private static async Task<TlsConnection> ConnectAsync(EventLoop loop, EndPoint endPoint, TlsClientContext context)
    {
        var wire = (await Network.ConnectAsync(loop, endPoint)).Connection!;
        var result = await TlsHandshake.ConnectAsync(wire, context, "server.test", default);
        return result.Connection ?? throw new InvalidOperationException(result.Cause);
    }

    private static async Task ExchangeAsync(Connection connection, int question, int answer)
    {
        var slab = connection.Loop.Slabs.Rent(SlabPool.Large);
        slab.Advance(Math.Min(question, slab.Capacity));
        BitConverter.TryWriteBytes(slab.Filled, question);
        BitConverter.TryWriteBytes(slab.Filled[4..], answer);
        while (question > 0)
        {
            question -= slab.Length;
            await connection.SendAsync(slab, slab.Length);
            slab.Clear();
            slab.Advance(Math.Min(question, slab.Capacity));
        }

        while (answer > 0)
        {
            slab.Clear();
            var result = await connection.ReceiveAsync(slab);
            answer -= result.Count > 0 ? result.Count : throw new InvalidOperationException(result.ToString());
        }

        connection.Loop.Slabs.Return(slab);
    }

    private static Task<bool> InvokeAsync(EventLoop loop, Func<Task> body)
    {
        var done = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        loop.Post(() => _ = RunAsync());
        return done.Task;

        async Task RunAsync()
        {
            try
            {
                await body();
                done.SetResult(true);
            }
            catch (Exception exception)
            {
                done.SetException(exception);
            }
        }
    }

    private static TlsClientContext Client(bool mutual, bool resumption) =>
        new(new TlsClientSettings { Certificate = mutual ? Certificate() : null, Trust = new Trusting(Store()), Resumption = resumption });

    private static TlsCertificate Certificate() =>
        TlsCertificate.FromPem(Encoding.ASCII.GetBytes(Leaf.Certificate.ExportCertificatePem()), Encoding.ASCII.GetBytes(Leaf.Key.ExportPkcs8PrivateKeyPem()), [], out _)!;

    private static TrustStore Store() => TrustStore.FromPem(Encoding.ASCII.GetBytes(Authority.Certificate.ExportCertificatePem()), [], out _)!;

    private static (X509Certificate2 Certificate, ECDsa Key) Issue(string name, (X509Certificate2 Certificate, ECDsa Key)? issuer)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(issuer is null, false, 0, true));
        var names = new SubjectAlternativeNameBuilder();
        names.AddUri(new Uri("spiffe://test/ns/default/sa/server"));
        request.CertificateExtensions.Add(names.Build());
        var (from, to) = (new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2049, 1, 1, 0, 0, 0, TimeSpan.Zero));
        return (issuer is null ? request.CreateSelfSigned(from, to) : request.Create(issuer.Value.Certificate, from, to, [1, 2, 3]), key);
    }

    private sealed class Trusting(TrustStore store) : PeerTrust
    {
        public override TrustVerdict Judge(PeerCertificate leaf) => new(store, leaf.UriNames is [var uri] ? uri : null);
    }
}
