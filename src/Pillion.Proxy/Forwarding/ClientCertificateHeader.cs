using System.Runtime.CompilerServices;
using System.Text;
using Pillion.Net.Http;
using Pillion.Net.Tls;
using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Forwarding;

/// <summary>
/// X-Forwarded-Client-Cert: who the peer is, for an application that cannot see the handshake. It stays or is written only behind a peer whose
/// certificate was verified; from anybody else it would be a claim (Envoy: forward_client_cert_details).
/// </summary>
internal static class ClientCertificateHeader
{
    // What it says of a peer is made once for its connection.
    private static readonly ConditionalWeakTable<TlsDetails, Element> Made = [];

    public static void Apply(FieldList fields, TlsDetails? tls, ClientCertificateForwarding config, string? ownIdentity)
    {
        if (config.Mode == ForwardClientCert.AlwaysForwardOnly)
        {
            return;
        }

        if (config.Mode == ForwardClientCert.Sanitize || tls?.Peer is null)
        {
            fields.RemoveAll(KnownField.XForwardedClientCert);
            return;
        }

        if (config.Mode == ForwardClientCert.ForwardOnly)
        {
            return;
        }

        if (!Made.TryGetValue(tls, out var element) || element.Config != config)
        {
            element = new Element(config, Write(tls.Peer, config, ownIdentity));
            Made.AddOrUpdate(tls, element);
        }

        var index = config.Mode == ForwardClientCert.AppendForward ? fields.IndexOf(KnownField.XForwardedClientCert) : -1;
        if (index < 0)
        {
            fields.Set(KnownField.XForwardedClientCert, element.Bytes);
            return;
        }

        // Several fields are one list; the last of them is where the list ends.
        for (var next = fields.IndexOf(KnownField.XForwardedClientCert, index + 1); next >= 0; next = fields.IndexOf(KnownField.XForwardedClientCert, next + 1))
        {
            index = next;
        }

        var old = fields.Value(index);
        var length = old.Length + 1 + element.Bytes.Length;
        Span<byte> value = length <= 1024 ? stackalloc byte[length] : new byte[length];
        old.CopyTo(value);
        value[old.Length] = (byte)',';
        element.Bytes.CopyTo(value[(old.Length + 1)..]);
        fields.Replace(index, value);
    }

    private static byte[] Write(PeerCertificate peer, ClientCertificateForwarding config, string? ownIdentity)
    {
        var text = new StringBuilder();
        if (ownIdentity is not null)
        {
            text.Append("By=").Append(Clean(ownIdentity)).Append(';');
        }

        text.Append("Hash=").Append(peer.Sha256);
        if (config.Cert)
        {
            text.Append(";Cert=\"").Append(Uri.EscapeDataString(new string(System.Security.Cryptography.PemEncoding.Write("CERTIFICATE", peer.Der.Span)) + "\n")).Append('"');
        }

        if (config.Subject)
        {
            text.Append(";Subject=\"").Append(peer.Subject.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)).Append('"');
        }

        if (config.Uri)
        {
            text.Append(";URI=").Append(string.Join(";URI=", peer.UriNames.Select(Clean)));
        }

        if (config.Dns)
        {
            foreach (var name in peer.DnsNames)
            {
                text.Append(";DNS=").Append(Clean(name));
            }
        }

        // A name may hold anything; the field may not.
        return Encoding.UTF8.GetBytes(text.ToString().Replace('\r', ' ').Replace('\n', ' ').Replace('\0', ' '));
    }

    private static string Clean(string name) => name.AsSpan().IndexOfAny(";,=\"") < 0 ? name : '"' + name.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + '"';

    private sealed record Element(ClientCertificateForwarding Config, byte[] Bytes);
}
