using System.Text;
using Pillion.Core.Configuration;
using Pillion.Core.Identity.Secrets;
using Pillion.Net.Http;

namespace Pillion.Proxy.Filters.Credentials.Injected;

/// <summary>A file that holds a secret and nothing else, but for a line's end, watched.</summary>
/// <param name="Prefix">Stands before it in the header.</param>
internal sealed record CredentialFile(SecretPart Part, string Prefix) : SecretSource<byte[]>
{
    private const int Longest = 16 * 1024;

    public override string Name => Part.File ?? "inline";

    public override ValueList<SecretPart> Parts => [Part];

    public override LoadedSecret<byte[]> Load(IReadOnlyList<byte[]> contents, DateTimeOffset now)
    {
        ReadOnlySpan<byte> secret = contents[0].AsSpan().Trim(" \t\r\n"u8);
        return
            secret.IsEmpty ? new SecretFault($"{Part} is empty", "put the secret into it", MayPass: true) :
            secret.Length > Longest ? new SecretFault($"{Part} is larger than 16 KiB, which no header can be", "give the file of the secret alone") :
            secret.IndexOfAny(HttpBytes.Controls) >= 0 ? new SecretFault($"{Part} has several lines or control characters, which no header can hold", "put the secret alone into it", MayPass: true) :
            new LoadedSecret<byte[]>([.. Encoding.ASCII.GetBytes(Prefix), .. secret], null, null);
    }
}
