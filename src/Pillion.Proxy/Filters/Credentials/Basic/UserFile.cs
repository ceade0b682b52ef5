using Pillion.Core.Configuration;
using Pillion.Core.Identity.Secrets;

namespace Pillion.Proxy.Filters.Credentials.Basic;

/// <summary>A file as <c>htpasswd -s</c> writes it, watched.</summary>
internal sealed record UserFile(SecretPart Part) : SecretSource<UserTable>
{
    public override string Name => Part.File ?? "inline";

    public override ValueList<SecretPart> Parts => [Part];

    public override LoadedSecret<UserTable> Load(IReadOnlyList<byte[]> contents, DateTimeOffset now)
    {
        var table = new UserTable();
        return SecretText.ReadLines(contents[0], table.TryAdd) is { } problem
            ? new SecretFault($"{Part} {problem}", "use lines of USER:{SHA}DIGEST, as 'htpasswd -s' makes them", MayPass: true)
            : new LoadedSecret<UserTable>(table.Complete(), null, null);
    }
}
