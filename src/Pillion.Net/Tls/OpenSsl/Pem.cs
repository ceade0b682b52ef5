using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Pillion.Net.Tls.OpenSsl;

/// <summary>Reads PEM into OpenSSL's objects. Never asks a terminal for a password.</summary>
internal static unsafe class Pem
{
    /// <summary>All certificates of a text in their order; the caller frees them. Null with a problem when one cannot be read.</summary>
    public static List<nint>? Certificates(ReadOnlySpan<byte> pem, out string problem) => All(pem, &ReadCertificate, &LibCrypto.FreeCertificate, "certificate", out problem);

    public static List<nint>? RevocationLists(ReadOnlySpan<byte> pem, out string problem) =>
        All(pem, &ReadRevocationList, &LibCrypto.FreeRevocationList, "revocation list", out problem);

    /// <summary>The private key of a text; 0 with a problem when there is none.</summary>
    public static nint Key(ReadOnlySpan<byte> pem, out string problem)
    {
        LibCrypto.ClearErrors();
        fixed (byte* bytes = pem)
        {
            var bio = LibCrypto.NewMemoryBio(bytes, pem.Length);
            var key = bio == 0 ? 0 : LibCrypto.ReadKey(bio, null, &NoPassword, null);
            LibCrypto.FreeBio(bio);
            var error = OpenSslError.Take();
            problem =
                key != 0 ? "" :
                pem.IndexOf("PRIVATE KEY-----"u8) < 0 ? "there is no private key in it (a PEM file has lines that begin with -----BEGIN)" :
                pem.IndexOf("ENCRYPTED"u8) >= 0 ? "the private key is encrypted; give it without a password, readable by this user alone" :
                $"the private key cannot be read: {error.Text}";
            return key;
        }
    }

    private static List<nint>? All(
        ReadOnlySpan<byte> pem, delegate*<nint, nint> read, delegate*<nint, void> free, string what, out string problem)
    {
        LibCrypto.ClearErrors();
        problem = "";
        var all = new List<nint>();
        if (pem.IsEmpty)
        {
            return all;
        }

        fixed (byte* bytes = pem)
        {
            var bio = LibCrypto.NewMemoryBio(bytes, pem.Length);
            while (bio != 0 && read(bio) is var item && item != 0)
            {
                all.Add(item);
            }

            LibCrypto.FreeBio(bio);
        }

        // Not another BEGIN line is how a text ends; anything else is a part that cannot be read.
        var error = OpenSslError.Take();
        if (error is not { Library: LibCrypto.LibraryPem, Reason: LibCrypto.PemNoStartLine })
        {
            problem = $"{what} {all.Count + 1} cannot be read: {error.Text}";
            foreach (var item in all)
            {
                free(item);
            }

            return null;
        }

        return all;
    }

    private static nint ReadCertificate(nint bio) => LibCrypto.ReadCertificate(bio, null, &NoPassword, null);

    private static nint ReadRevocationList(nint bio) => LibCrypto.ReadRevocationList(bio, null, &NoPassword, null);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int NoPassword(byte* buffer, int size, int isWriting, void* argument) => -1;
}
