using Pillion.Core.Configuration;
using Pillion.Net.Tls;

namespace Pillion.Core.Identity.Secrets;

/// <summary>Authorities, with their revocation lists where there are any.</summary>
internal sealed record TrustSource(SecretPart Authorities, SecretPart? Crl = null) : SecretSource<TrustStore>
{
    public override string Name => Authorities.File ?? "inline";

    public override ValueList<SecretPart> Parts => Crl is null ? [Authorities] : [Authorities, Crl];

    public override LoadedSecret<TrustStore> Load(IReadOnlyList<byte[]> contents, DateTimeOffset now) =>
        Read(Authorities, contents[0], Crl, Crl is null ? [] : contents[1], out var fault) is { } store
            ? new LoadedSecret<TrustStore>(store, null, null)
            : fault!;

    internal static TrustStore? Read(SecretPart authoritiesPart, byte[] authorities, SecretPart? crlPart, byte[] crl, out SecretFault? fault)
    {
        var store = TrustStore.FromPem(authorities, crl, out var problem);
        var parts = crlPart is null ? authoritiesPart.ToString() : $"{authoritiesPart} with {crlPart}";
        // An editor or a copy may have written a part of it so far.
        fault = store is null ? new SecretFault($"{parts} makes no bundle of authorities: {ConfigError.OnOneLine(problem)}", "give the PEM file of the authorities' certificates", MayPass: true)
            : crlPart is not null && crl.Length == 0 ? new SecretFault($"{crlPart} is empty", "give the PEM file of the authorities' revocation lists", MayPass: true)
            : null;
        return fault is null ? store : null;
    }
}
