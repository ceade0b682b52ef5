using Pillion.Core.Configuration;
using Pillion.Core.Identity.Secrets;

namespace Pillion.Proxy.Filters.Credentials.ApiKeys;

/// <summary>A file of <c>CLIENT:KEY</c> lines, watched.</summary>
internal sealed record ApiKeyFile(SecretPart Part) : SecretSource<ApiKeyTable>
{
    public override string Name => Part.File ?? "inline";

    public override ValueList<SecretPart> Parts => [Part];

    public override LoadedSecret<ApiKeyTable> Load(IReadOnlyList<byte[]> contents, DateTimeOffset now)
    {
        var table = new ApiKeyTable();
        return SecretText.ReadLines(contents[0], table.TryAdd) is { } problem
            ? new SecretFault($"{Part} {problem}", "use lines of CLIENT:KEY, or CLIENT:{SHA256}HEX", MayPass: true)
            : new LoadedSecret<ApiKeyTable>(table, null, null);
    }
}
