using Pillion.Net.Tls.OpenSsl;

namespace Pillion.Net.Tls;

/// <summary>Certificate authorities that a chain may end in, with their revocation lists. Immutable, and safe from any thread.</summary>
internal sealed class TrustStore
{
    // Where distributions keep the authorities as one file; the first that is there.
    private static readonly string[] SystemFiles =
    [
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/ca-bundle.pem",
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        "/etc/ssl/cert.pem",
    ];

    private static readonly Lazy<TrustStore> LazySystemDefault = new(ReadSystem);

    private TrustStore(nint handle, int count)
    {
        Handle = handle;
        Count = count;
    }

    ~TrustStore() => LibCrypto.FreeStore(Handle);

    /// <summary>The authorities that the system trusts; none where it has no file of them. Read from disk at first use.</summary>
    public static TrustStore SystemDefault => LazySystemDefault.Value;

    /// <summary>How many authorities.</summary>
    public int Count { get; }

    /// <summary>X509_STORE; kept alive by this object alone.</summary>
    internal nint Handle { get; }

    /// <summary>Every authority of a bundle is an anchor, also one that another has issued. With lists, a leaf of whose issuer there is none is refused.</summary>
    public static TrustStore? FromPem(ReadOnlySpan<byte> authoritiesPem, ReadOnlySpan<byte> crlPem, out string problem)
    {
        if (!OpenSslLibrary.IsAvailable(out problem) || Pem.Certificates(authoritiesPem, out problem) is not { } authorities)
        {
            return null;
        }

        if (authorities.Count == 0)
        {
            problem = "there is no certificate in it (a PEM file has lines that begin with -----BEGIN CERTIFICATE-----)";
            return null;
        }

        var lists = Pem.RevocationLists(crlPem, out problem);
        if (lists is { Count: 0 } && !crlPem.IsEmpty)
        {
            problem = "there is no revocation list in it (a PEM file has lines that begin with -----BEGIN X509 CRL-----)";
            lists = null;
        }

        var store = lists is null ? null : Create(authorities, lists);
        authorities.ForEach(LibCrypto.FreeCertificate);
        lists?.ForEach(LibCrypto.FreeRevocationList);
        return store;
    }

    private static TrustStore Create(List<nint> authorities, List<nint> lists)
    {
        var handle = LibCrypto.NewStore();
        foreach (var authority in authorities)
        {
            LibCrypto.AddCertificate(handle, authority);
        }

        foreach (var list in lists)
        {
            LibCrypto.AddRevocationList(handle, list);
        }

        LibCrypto.SetStoreFlags(handle, LibCrypto.PartialChain | (lists.Count > 0 ? LibCrypto.CheckRevocation | LibCrypto.CheckRevocationOfAll : 0));
        return new TrustStore(handle, authorities.Count);
    }

    private static TrustStore ReadSystem()
    {
        OpenSslLibrary.Require();
        foreach (var file in SystemFiles)
        {
            if (File.Exists(file) && FromPem(File.ReadAllBytes(file), [], out _) is { } store)
            {
                return store;
            }
        }

        return Create([], []);
    }
}
