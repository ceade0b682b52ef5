using System.Net;
using System.Runtime.CompilerServices;
using System.Text;
using Pillion.Net.Loop;
using Pillion.Net.Memory;
using Pillion.Net.Sockets;
using Pillion.Net.Tls.OpenSsl;

namespace Pillion.Net.Tls;

/// <summary>
/// Puts TLS over a connection, which belongs to the TLS connection from here on. On failure the peer was sent the alert that TLS has for it,
/// and the connection is closed.
/// </summary>
internal static class TlsHandshake
{
    // How long a peer that reads nothing may keep its refusal from being sent.
    private static readonly TimeSpan AlertTime = TimeSpan.FromSeconds(1);

    public static ValueTask<TlsResult> AcceptAsync(Connection connection, TlsServerContext context, Deadline deadline, CancellationToken cancellationToken = default)
    {
        if (context.CreateEngine(connection.Loop.Slabs) is not { } engine)
        {
            return Unusable(connection);
        }

        var settings = context.Settings;
        var negotiation = new Negotiation
        {
            Trust = settings.ClientCertificates == ClientCertificates.None ? null : settings.Trust,
            Now = connection.Loop.Time.GetUtcNow(),
            Peers = context.Peers,
            Server = settings,
        };
        return RunAsync(connection, engine, negotiation, settings.ApplicationProtocols, deadline, cancellationToken);
    }

    /// <param name="serverName">The name to ask for (SNI); null asks for none. An address is not sent: RFC 6066 §3 has names only.</param>
    /// <param name="resumptionKey">Tells servers of one name apart, such as the endpoint: a session is offered again only with the same.</param>
    public static ValueTask<TlsResult> ConnectAsync(
        Connection connection, TlsClientContext context, string? serverName, Deadline deadline, CancellationToken cancellationToken = default, string? resumptionKey = null)
    {
        if (context.CreateEngine(connection.Loop.Slabs, serverName, resumptionKey) is not { } engine)
        {
            return Unusable(connection);
        }

        var settings = context.Settings;
        var negotiation = new Negotiation { Trust = settings.Trust, Now = connection.Loop.Time.GetUtcNow(), Peers = context.Peers };
        if (serverName is not null && !IPAddress.TryParse(serverName, out _))
        {
            negotiation.ServerName = serverName.ToLowerInvariant();
            engine.AskFor(Encoding.UTF8.GetBytes(negotiation.ServerName + '\0'));
        }

        engine.Sessions?.Offer(engine.Ssl, negotiation);
        return RunAsync(connection, engine, negotiation, settings.ApplicationProtocols, deadline, cancellationToken);
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private static async ValueTask<TlsResult> RunAsync(
        Connection inner, SslEngine engine, Negotiation negotiation, IReadOnlyList<string> protocols, Deadline deadline, CancellationToken cancellationToken)
    {
        engine.Negotiation = negotiation;
        while (true)
        {
            var status = engine.Handshake();
            if (engine.TakeOutput() is { } output)
            {
                var limit = status == SslStatus.Failed ? deadline.Or(Deadline.After(inner.Loop, AlertTime)) : deadline;
                var sent = await inner.SendAsync(output, output.Length, limit, cancellationToken);
                inner.Loop.Slabs.Return(output);
                if (!sent.IsOk && status != SslStatus.Failed)
                {
                    return Broken(inner, engine, sent);
                }
            }

            if (status == SslStatus.Done)
            {
                return Established(inner, engine, negotiation, protocols);
            }

            if (status != SslStatus.NeedsInput)
            {
                // The end of our side comes behind the alert; a reset might overtake it.
                await inner.ShutdownAsync();
                var (refusal, cause) = HandshakeFault.Of(engine.Error, negotiation);
                return Refused(inner, engine, refusal, cause);
            }

            var readable = await inner.WaitReadableAsync(deadline, cancellationToken);
            if (!readable.IsOk)
            {
                return Broken(inner, engine, readable);
            }

            var input = inner.Loop.Slabs.Rent(SlabPool.Medium);
            var received = await inner.ReceiveAsync(input, deadline, TlsConnection.AtOnce);
            if (received.Count > 0)
            {
                engine.Feed(input);
                continue;
            }

            inner.Loop.Slabs.Return(input);
            if (received.IsOk || received.Error != IoError.Cancelled)
            {
                return Broken(inner, engine, received);
            }
        }
    }

    private static TlsResult Established(Connection inner, SslEngine engine, Negotiation negotiation, IReadOnlyList<string> protocols)
    {
        if (!HandshakeOutcome.JudgeResumed(engine.Ssl, negotiation))
        {
            return Refused(inner, engine, negotiation.Refusal, negotiation.Cause!);
        }

        engine.Sessions?.Established(engine.Ssl, negotiation.Peer);
        var details = HandshakeOutcome.Details(engine.Ssl, negotiation, protocols);
        HandshakeOutcome.ForgetPeer(engine.Ssl, isServer: negotiation.Server is not null);
        engine.Establish(HandshakeOutcome.RecordOverhead(engine.Ssl));
        return new TlsResult(new TlsConnection(inner, engine, details), TlsRefusal.None, null);
    }

    private static TlsResult Broken(Connection inner, SslEngine engine, IoResult result)
    {
        var (refusal, cause) = result switch
        {
            { Error: IoError.TimedOut } => (TlsRefusal.TimedOut, "the handshake was not finished in time"),
            { Error: IoError.Cancelled } => (TlsRefusal.Other, "the handshake was given up"),
            { IsOk: true } => (TlsRefusal.Ended, "the peer closed the connection within the handshake"),
            _ => (TlsRefusal.Ended, $"the connection ended within the handshake: {result.Describe()}"),
        };
        return Refused(inner, engine, refusal, cause);
    }

    private static TlsResult Refused(Connection inner, SslEngine engine, TlsRefusal refusal, string cause)
    {
        inner.Close();
        engine.Dispose();
        return new TlsResult(null, refusal, cause);
    }

    private static ValueTask<TlsResult> Unusable(Connection connection)
    {
        connection.Close();
        return new ValueTask<TlsResult>(new TlsResult(null, TlsRefusal.Other, "the TLS settings were replaced, or memory is short"));
    }
}
