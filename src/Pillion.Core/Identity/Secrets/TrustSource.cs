using Pillion.Core.Configuration;
using Pillion.Net.Tls;

namespace Pillion.Core.Identity.Secrets;

/// <summary>Authorities, with their revocation lists where there are any.</summary>
internal sealed record TrustSource(string Authorities, string? Crl = null) : SecretSource<TrustStore>
{
    public override string Name => Authorities;

    public override ValueList<string> Files => Crl is null ? [Authorities] : [Authorities, Crl];

    public override LoadedSecret<TrustStore> Load(IReadOnlyList<byte[]> contents, DateTimeOffset now) =>
        Read(Authorities, contents[0], Crl, Crl is null ? [] : contents[1], out var fault) is { } store
            ? new LoadedSecret<TrustStore>(store, null, null)
            : fault!;

    internal static TrustStore? Read(string authoritiesPath, byte[] authorities, string? crlPath, byte[] crl, out SecretFault? fault)
    {
        var store = TrustStore.FromPem(authorities, crl, out var problem);
        var files = ConfigError.OnOneLine(crlPath is null ? authoritiesPath : $"{authoritiesPath} with {crlPath}");
        // An editor or a copy may have written a part of it so far.
        fault = store is null ? new SecretFault($"{files} makes no bundle of authorities: {ConfigError.OnOneLine(problem)}", "give the PEM file of the authorities' certificates", MayPass: true)
            : crlPath is not null && crl.Length == 0 ? new SecretFault($"{ConfigError.OnOneLine(crlPath)} is empty", "give the PEM file of the authorities' revocation lists", MayPass: true)
            : null;
        return fault is null ? store : null;
    }
}
