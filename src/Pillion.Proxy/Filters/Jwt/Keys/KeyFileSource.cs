using Pillion.Core.Configuration;
using Pillion.Core.Identity.Secrets;
using Pillion.Proxy.Filters.Jwt.Jose;

namespace Pillion.Proxy.Filters.Jwt.Keys;

/// <summary>Keys in a file, watched like certificates are, or in the configuration itself.</summary>
internal sealed record KeyFileSource(SecretPart Part) : SecretSource<JsonWebKeys>
{
    public override string Name => Part.File ?? "inline";

    public override ValueList<SecretPart> Parts => [Part];

    public override LoadedSecret<JsonWebKeys> Load(IReadOnlyList<byte[]> contents, DateTimeOffset now) =>
        JsonWebKeys.Read(contents[0], out var problem) is { } keys
            ? new LoadedSecret<JsonWebKeys>(keys, null, null)
            : new SecretFault($"{Part} is no set of keys: {problem}", "give a JSON Web Key Set, { \"keys\": [ … ] }", MayPass: true);
}
