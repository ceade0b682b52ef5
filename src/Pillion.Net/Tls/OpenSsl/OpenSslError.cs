using System.Runtime.InteropServices;

namespace Pillion.Net.Tls.OpenSsl;

/// <summary>What OpenSSL says went wrong: the part that says it, its number there, and its words.</summary>
internal readonly record struct OpenSslError(int Library, int Reason, string Text)
{
    private const int AlertOffset = 1000;
    private const nuint SystemError = 0x8000_0000;

    /// <summary>The alert that the peer sent (RFC 8446 §6), or null where it was not an alert that ended it.</summary>
    public int? PeerAlert => Library == LibCrypto.LibrarySsl && Reason is > AlertOffset and <= AlertOffset + byte.MaxValue ? Reason - AlertOffset : null;

    /// <summary>Empties this thread's list of errors. The earliest of libssl names the cause; what other parts said before led to it.</summary>
    public static unsafe OpenSslError Take()
    {
        OpenSslError? first = null, ofTls = null;
        while (LibCrypto.TakeError() is var code && code != 0)
        {
            var error = Describe(code);
            first ??= error;
            if (error.Library == LibCrypto.LibrarySsl)
            {
                ofTls ??= error;
            }
        }

        return ofTls ?? first ?? new OpenSslError(0, 0, "unknown error");

        static OpenSslError Describe(nuint code)
        {
            if ((code & SystemError) != 0)
            {
                return new OpenSslError(0, (int)(code & ~SystemError), $"system error {code & ~SystemError}");
            }

            var text = Marshal.PtrToStringUTF8((nint)LibCrypto.ReasonText(code));
            return new OpenSslError((int)((code >> 23) & 0xff), (int)(code & 0x7f_ffff), text ?? $"error {code & 0x7f_ffff}");
        }
    }
}
