using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
using Pillion.Net.Loop;
using Pillion.Net.Memory;
using Pillion.Net.Sockets;
using Pillion.Net.Tls;

namespace Pillion.Benchmarks.Tls;

/// <summary>
/// The server's side of what is measured, with our TLS or .NET's over the same loop and sockets. A message begins with its length and that of the
/// answer, four bytes each.
/// </summary>
internal static class TlsServers
{
    public const int HeadLength = 8;

    public static async Task ServeOursAsync(Connection wire, TlsServerContext context)
    {
        var result = await TlsHandshake.AcceptAsync(wire, context, default);
        if (result.Connection is { } connection)
        {
            while (await AnswerAsync(connection))
            {
            }

            connection.Close();
        }
    }

    public static async Task ServeTheirsAsync(Connection wire, SslServerAuthenticationOptions options)
    {
        // Its awaits do not capture the loop's context, and with one in place they would all continue on the thread pool.
        SynchronizationContext.SetSynchronizationContext(null);
        using var stream = new SslStream(new ConnectionStream(wire));
        try
        {
            await stream.AuthenticateAsServerAsync(options);
            var buffer = new byte[SlabPool.Large];
            while (await AnswerAsync(stream, buffer))
            {
            }
        }
        catch (Exception exception) when (exception is IOException or System.Security.Authentication.AuthenticationException)
        {
            // The client has left.
        }
    }

    public static SslServerAuthenticationOptions Theirs(X509Certificate2 certificate, bool mutual, X509Certificate2 authority)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(authority);
        return new SslServerAuthenticationOptions
        {
            ServerCertificateContext = SslStreamCertificateContext.Create(certificate, null, offline: true),
            ClientCertificateRequired = mutual,
            CertificateChainPolicy = policy,
        };
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private static async ValueTask<bool> AnswerAsync(Connection connection)
    {
        if (!(await connection.WaitReadableAsync()).IsOk)
        {
            return false;
        }

        var slab = connection.Loop.Slabs.Rent(SlabPool.Large);
        var received = await connection.ReceiveAsync(slab);
        var left = 0;
        var answer = 0;
        if (received.Count >= HeadLength)
        {
            left = BitConverter.ToInt32(slab.Filled) - slab.Length;
            answer = BitConverter.ToInt32(slab.Filled[4..]);
        }

        while (left > 0 && received.Count > 0)
        {
            slab.Clear();
            received = await connection.ReceiveAsync(slab);
            left -= received.Count;
        }

        var isAlive = received.Count > 0;
        while (isAlive && answer > 0)
        {
            slab.Clear();
            slab.Advance(Math.Min(answer, slab.Capacity));
            answer -= slab.Length;
            isAlive = (await connection.SendAsync(slab, slab.Length)).IsOk;
        }

        connection.Loop.Slabs.Return(slab);
        return isAlive;
    }

    private static async ValueTask<bool> AnswerAsync(SslStream stream, byte[] buffer)
    {
        var received = await stream.ReadAsync(buffer);
        if (received < HeadLength)
        {
            return false;
        }

        var left = BitConverter.ToInt32(buffer) - received;
        var answer = BitConverter.ToInt32(buffer, 4);
        while (left > 0 && received > 0)
        {
            received = await stream.ReadAsync(buffer);
            left -= received;
        }

        while (received > 0 && answer > 0)
        {
            var count = Math.Min(answer, buffer.Length);
            await stream.WriteAsync(buffer.AsMemory(0, count));
            answer -= count;
        }

        return received > 0;
    }
}
