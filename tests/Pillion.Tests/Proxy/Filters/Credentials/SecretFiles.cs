using Pillion.Tests.Support;

namespace Pillion.Tests.Proxy.Filters.Credentials;

/// <summary>A file with a secret in a directory of its own, which can be replaced and looked at.</summary>
internal sealed class SecretFiles : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory();

    public SecretFiles(string content) => Write(content);

    public string Path => System.IO.Path.Combine(_directory.FullName, "secret");

    public void Write(string content) => File.WriteAllText(Path, content);

    /// <summary>Replaces the content, and lets the proxy look and lose patience with what is wrong.</summary>
    public void Replace(ProxyFixture proxy, string content)
    {
        Write(content);
        File.SetLastWriteTimeUtc(Path, DateTime.UnixEpoch.AddDays(content.Length));
        RotatingFiles.LookAt(proxy);
    }

    public void Dispose() => _directory.Delete(recursive: true);
}
