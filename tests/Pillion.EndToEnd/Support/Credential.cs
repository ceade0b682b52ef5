using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Pillion.EndToEnd.Support;

/// <summary>A certificate with its key, as files and as .NET has it.</summary>
internal sealed record Credential(string ChainFile, string KeyFile, X509Certificate2 Certificate)
{
    public static Credential Write(TempDirectory directory, string name, X509Certificate2 certificate, ECDsa key, params X509Certificate2[] issuers)
    {
        var chain = directory.Write($"{name}.pem", string.Join('\n', new[] { certificate }.Concat(issuers).Select(static one => one.ExportCertificatePem())) + "\n");
        var keyFile = directory.Write($"{name}.key", key.ExportPkcs8PrivateKeyPem() + "\n");
        return new Credential(chain, keyFile, certificate.CopyWithPrivateKey(key));
    }

    /// <summary>Renames this one's files over another's, key first, as a rotation does.</summary>
    public void Over(Credential other)
    {
        File.Copy(KeyFile, other.KeyFile + ".new", overwrite: true);
        File.Move(other.KeyFile + ".new", other.KeyFile, overwrite: true);
        File.Copy(ChainFile, other.ChainFile + ".new", overwrite: true);
        File.Move(other.ChainFile + ".new", other.ChainFile, overwrite: true);
    }
}
