using Pillion.Proxy.Configuration.Transport;
using Pillion.Tests.Net.Tls;

namespace Pillion.Tests.Support;

/// <summary>A certificate and its key in files of their own, which a test replaces as a rotation does.</summary>
internal sealed class RotatingFiles : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("pillion-tests-");
    private int _rotations;

    public RotatingFiles(TestLeaf leaf) => Replace(leaf);

    public string ChainPath => Path.Combine(_directory.FullName, "chain.pem");

    public string KeyPath => Path.Combine(_directory.FullName, "key.pem");

    public CertificateConfig Certificate => new() { Chain = ChainPath, Key = KeyPath };

    public void Replace(TestLeaf leaf)
    {
        _rotations++;
        Write(KeyPath, leaf.KeyPem);
        Write(ChainPath, leaf.ChainPem);
    }

    /// <summary>Lets the proxy see what has changed: a replacement is taken once it has stood still.</summary>
    public static void LookAt(ProxyFixture proxy)
    {
        for (var i = 0; i < 3; i++)
        {
            proxy.Role.Context.Secrets.LookAtAll();
            proxy.AdvanceSeconds(1.1);
        }
    }

    public void Dispose() => _directory.Delete(recursive: true);

    // Two of the same length within a tick of the file system's clock are two all the same.
    private void Write(string path, string text)
    {
        File.WriteAllText(path, text);
        File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch.AddSeconds(_rotations));
    }
}
