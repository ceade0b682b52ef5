using System.Buffers.Binary;
using System.Net.Security;
using System.Security.Authentication;
using System.Text;

namespace Pillion.Tests.Net.Detection;

/// <summary>Hellos as a real client sends them, and hellos put together by hand, right or wrong.</summary>
internal static class Hellos
{
    public const ushort ServerName = 0;
    public const ushort Alpn = 16;
    public const ushort SupportedVersions = 43;

    /// <summary>What .NET's TLS client (the system's OpenSSL) sends first.</summary>
    public static byte[] FromClient(string serverName, SslProtocols versions = SslProtocols.None, params string[] protocols)
    {
        using var sent = new SentOnly();
        using var client = new SslStream(sent);
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = serverName,
            EnabledSslProtocols = versions,
            ApplicationProtocols = protocols.Length == 0 ? null : [.. protocols.Select(name => new SslApplicationProtocol(name))],
        };
        Fails(() => client.AuthenticateAsClient(options));
        return sent.ToArray();
    }

    /// <summary>One record that holds one hello with these extensions; null for none at all.</summary>
    public static byte[] Record(byte[]? extensions, ushort version = 0x0303) => Split(Message(extensions, version), int.MaxValue);

    public static byte[] Message(byte[]? extensions, ushort version = 0x0303)
    {
        byte[] body =
        [
            (byte)(version >> 8), (byte)version, .. new byte[32], 4, 1, 2, 3, 4, .. Vector16([0x13, 0x01, 0x1A, 0x1A]), 1, 0,
            .. extensions is null ? [] : Vector16(extensions),
        ];
        return [1, (byte)(body.Length >> 16), (byte)(body.Length >> 8), (byte)body.Length, .. body];
    }

    /// <summary>A handshake message over records of so many bytes each.</summary>
    public static byte[] Split(byte[] message, int size) =>
        [.. message.Chunk(Math.Min(size, 16 * 1024)).SelectMany(part => (byte[])[22, 3, 1, .. Vector16(part)])];

    public static byte[] Extension(ushort type, params byte[] data) => [(byte)(type >> 8), (byte)type, .. Vector16(data)];

    public static byte[] NameExtension(string name) => Extension(ServerName, Vector16([0, .. Vector16(Encoding.Latin1.GetBytes(name))]));

    public static byte[] AlpnExtension(params string[] names) =>
        Extension(Alpn, Vector16([.. names.SelectMany(name => (byte[])[(byte)name.Length, .. Encoding.Latin1.GetBytes(name)])]));

    public static byte[] VersionsExtension(params ushort[] versions) =>
        Extension(SupportedVersions, [(byte)(versions.Length * 2), .. versions.SelectMany(version => (byte[])[(byte)(version >> 8), (byte)version])]);

    public static byte[] Vector16(byte[] bytes)
    {
        var result = new byte[2 + bytes.Length];
        BinaryPrimitives.WriteUInt16BigEndian(result, (ushort)bytes.Length);
        bytes.CopyTo(result, 2);
        return result;
    }

    private static void Fails(Action handshake)
    {
        try
        {
            handshake();
        }
        catch (Exception exception) when (exception is IOException or AuthenticationException)
        {
            // Nobody answers.
        }
    }

    private sealed class SentOnly : MemoryStream
    {
        public override int Read(byte[] buffer, int offset, int count) => 0;

        public override int Read(Span<byte> buffer) => 0;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(0);
    }
}
