using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Pillion.Net.Tls.OpenSsl;

/// <summary>What OpenSSL asks a server within a handshake: the certificate for a name, the protocol, the staple, whether a ticket still holds.</summary>
internal static unsafe class ServerCallbacks
{
    private const int NameTypeHost = 0;

    public static delegate* unmanaged[Cdecl]<nint, int*, void*, int> OnName => &ChooseCertificate;

    public static delegate* unmanaged[Cdecl]<nint, byte**, byte*, byte*, uint, void*, int> OnProtocols => &ChooseProtocol;

    public static delegate* unmanaged[Cdecl]<nint, void*, int> OnStatus => &Staple;

    public static delegate* unmanaged[Cdecl]<nint, void*, int> OnNewTicket => &WriteTicket;

    public static delegate* unmanaged[Cdecl]<nint, nint, byte*, nuint, int, void*, int> OnTicket => &ConsiderTicket;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int ChooseCertificate(nint ssl, int* alert, void* argument)
    {
        var name = LibSsl.ServerName(ssl, NameTypeHost);
        if (name is null || SslEngine.Current.Negotiation is not { Server: { } server } negotiation)
        {
            return LibSsl.ExtensionNoAck;
        }

        // OpenSSL has refused names with a zero byte or of more than 255 bytes.
        negotiation.ServerName = Encoding.Latin1.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(name)).ToLowerInvariant();
        if (CertificateNames.Choose(server.Certificates, negotiation.ServerName) is not { } certificate)
        {
            return LibSsl.ExtensionNoAck;
        }

        negotiation.Certificate = certificate;
        if (!ReferenceEquals(certificate, server.Certificates[0]) && !certificate.UseFor(ssl))
        {
            return LibSsl.ExtensionAlertFatal;
        }

        return LibSsl.ExtensionOk;
    }

    // RFC 7301 §3.2: the server's preference decides; without anything in common the handshake is refused.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int ChooseProtocol(nint ssl, byte** chosen, byte* chosenLength, byte* offered, uint length, void* argument)
    {
        if (SslEngine.Current.Negotiation is not { Server: { } server })
        {
            return LibSsl.ExtensionNoAck;
        }

        var list = new ReadOnlySpan<byte>(offered, (int)length);
        foreach (var protocol in server.ApplicationProtocols)
        {
            for (var at = 0; at < list.Length; at += list[at] + 1)
            {
                var name = list.Slice(at + 1, list[at]);
                if (Ascii.Equals(name, protocol))
                {
                    *chosen = offered + at + 1;
                    *chosenLength = (byte)name.Length;
                    return LibSsl.ExtensionOk;
                }
            }
        }

        return LibSsl.ExtensionAlertFatal;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Staple(nint ssl, void* argument)
    {
        if (SslEngine.Current.Negotiation is not { Server: { } server } negotiation)
        {
            return LibSsl.ExtensionNoAck;
        }

        var response = (negotiation.Certificate ?? server.Certificates[0]).OcspResponse.Span;
        if (response.IsEmpty)
        {
            return LibSsl.ExtensionNoAck;
        }

        // The response belongs to the connection from here on, which frees it.
        var copy = LibCrypto.Allocate((nuint)response.Length, null, 0);
        if (copy is null)
        {
            return LibSsl.ExtensionNoAck;
        }

        response.CopyTo(new Span<byte>(copy, response.Length));
        LibSsl.Control(ssl, LibSsl.ControlStatusResponse, response.Length, copy);
        return LibSsl.ExtensionOk;
    }

    // Called when all of the session is settled but its ticket, which would else carry the client's certificate.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int WriteTicket(nint ssl, void* argument)
    {
        var session = LibSsl.Session(ssl);
        SessionPeer.Write(session, SslEngine.Current.Negotiation is { } negotiation ? negotiation.Peer ?? negotiation.Offered : null);
        SessionPeer.Forget(ssl, session);
        return 1;
    }

    // When the client's certificate has expired since, or is not remembered, the ticket is not taken, and the client must prove itself anew.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int ConsiderTicket(nint ssl, nint session, byte* keyName, nuint keyNameLength, int status, void* argument)
    {
        if (status is not (LibSsl.TicketSuccess or LibSsl.TicketSuccessRenew) || SslEngine.Current.Negotiation is not { } negotiation)
        {
            return LibSsl.TicketReturnIgnoreRenew;
        }

        if (SessionPeer.Read(session) is { } fingerprint)
        {
            negotiation.Offered = negotiation.Peers.Find(fingerprint);
            if (negotiation.Offered is not { } peer || peer.NotAfter < negotiation.Now || peer.NotBefore > negotiation.Now)
            {
                return LibSsl.TicketReturnIgnoreRenew;
            }
        }

        return status == LibSsl.TicketSuccess ? LibSsl.TicketReturnUse : LibSsl.TicketReturnUseRenew;
    }
}
