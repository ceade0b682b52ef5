using System.Runtime.InteropServices;

namespace Pillion.Net.Tls.OpenSsl;

/// <summary>Says in our words, and in a sentence, why OpenSSL gave a handshake up.</summary>
internal static unsafe class HandshakeFault
{
    // SSL_R_*
    private const int NoSuitableKeyShare = 101;
    private const int NoSuitableSignatureAlgorithm = 118;
    private const int HttpsProxyRequest = 155;
    private const int HttpRequest = 156;
    private const int NoProtocolsAvailable = 191;
    private const int NoSharedCipher = 193;
    private const int PacketLengthTooLong = 198;
    private const int PeerDidNotReturnCertificate = 199;
    private const int NoApplicationProtocol = 235;
    private const int UnknownProtocol = 252;
    private const int UnsupportedProtocol = 258;
    private const int WrongVersionNumber = 267;
    private const int NoSuitableGroups = 295;
    private const int VersionTooLow = 396;
    private const int NoSharedGroups = 410;
    private const int BadRecordType = 443;

    // RFC 8446 §6, RFC 7301 §3.2
    private const int AlertProtocolVersion = 70;
    private const int AlertInsufficientSecurity = 71;
    private const int AlertCertificateRequired = 116;
    private const int AlertNoApplicationProtocol = 120;

    public static (TlsRefusal Refusal, string Cause) Of(OpenSslError error, Negotiation negotiation)
    {
        // What our own judgement refused comes out of OpenSSL as "certificate verify failed".
        if (negotiation.Refusal != TlsRefusal.None)
        {
            return (negotiation.Refusal, negotiation.Cause!);
        }

        if (error.PeerAlert is { } alert)
        {
            return (alert is AlertProtocolVersion or AlertInsufficientSecurity or AlertNoApplicationProtocol ? TlsRefusal.NothingInCommon : TlsRefusal.PeerRefused, Describe(alert));
        }

        return error.Library != LibCrypto.LibrarySsl ? (TlsRefusal.Other, error.Text) : error.Reason switch
        {
            PeerDidNotReturnCertificate => (TlsRefusal.NoCertificate, "the client gave no certificate, and one is required"),
            HttpRequest or HttpsProxyRequest => (TlsRefusal.NotTls, "the peer speaks HTTP in the clear, and TLS is expected"),
            WrongVersionNumber or UnknownProtocol or BadRecordType or PacketLengthTooLong => (TlsRefusal.NotTls, $"what came is not TLS ({error.Text})"),
            NoSharedCipher or NoSuitableSignatureAlgorithm or NoSuitableKeyShare or NoSuitableGroups or NoSharedGroups or UnsupportedProtocol or NoProtocolsAvailable
                or VersionTooLow or NoApplicationProtocol => (TlsRefusal.NothingInCommon, $"the two sides have nothing in common: {error.Text}"),
            _ => (TlsRefusal.Other, error.Text),
        };
    }

    /// <summary>A sentence on an alert of the peer.</summary>
    public static string Describe(int alert)
    {
        // OpenSSL sends and knows this one, and has no name for it.
        var name = alert == AlertCertificateRequired ? "certificate required" : Marshal.PtrToStringUTF8((nint)LibSsl.AlertName(alert));
        return $"the peer refused with alert {alert}, '{name}'";
    }
}
