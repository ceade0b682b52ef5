using Pillion.Core.Protobuf;
using Pillion.Net;
using Pillion.Net.Http;
using Pillion.Proxy.Forwarding;

namespace Pillion.Proxy.Filters.ExternalAuthorization;

/// <summary>Writes <c>envoy.service.auth.v3.CheckRequest</c>; the numbers are those of its fields.</summary>
internal static class CheckRequest
{
    private static readonly string[] Protocols = ["HTTP/1.0", "HTTP/1.1", "HTTP/2"];

    public static void Write(ProtoWriter writer, Exchange exchange, ExternalAuthorizationConfig config, NameMatchers allowed, NameMatchers disallowed, ReadOnlySpan<byte> body)
    {
        writer.Clear();
        var attributes = writer.Begin(1);
        var tls = exchange.Stream.Tls;
        WritePeer(writer, 1, exchange.Stream.Remote, tls?.Peer is { } peer ? exchange.Caller.Identity ?? Principal(peer) : null, config.IncludesCertificate ? tls?.Peer : null);
        WritePeer(writer, 2, exchange.Stream.Local, exchange.Listener.OwnIdentity, null);
        WriteRequest(writer, exchange, config, allowed, disallowed, body);
        foreach (var extension in config.Context.AsSpan())
        {
            var entry = writer.Begin(10);
            writer.Text(1, extension.Name);
            writer.Text(2, extension.Value);
            writer.End(entry);
        }

        if (tls is not null)
        {
            var session = writer.Begin(12);
            writer.Text(1, tls.ServerName);
            writer.End(session);
        }

        writer.End(attributes);
    }

    // As in Envoy: a URI of the certificate, else a DNS name, else its subject.
    private static string Principal(Net.Tls.PeerCertificate peer) =>
        peer.UriNames.Count > 0 ? peer.UriNames[0] : peer.DnsNames.Count > 0 ? peer.DnsNames[0] : peer.Subject;

    private static void WritePeer(ProtoWriter writer, int field, PeerAddress address, string? principal, Net.Tls.PeerCertificate? certificate)
    {
        var peer = writer.Begin(field);
        var outer = writer.Begin(1);
        Span<byte> text = stackalloc byte[64];
        if (address.IsUnix)
        {
            var pipe = writer.Begin(2);
            writer.Text(1, "unix");
            writer.End(pipe);
        }
        else
        {
            var socket = writer.Begin(1);
            writer.Bytes(2, text[..address.FormatAddress(text)]);
            writer.UInt(3, address.Port);
            writer.End(socket);
        }

        writer.End(outer);
        writer.Text(4, principal);
        if (certificate is not null)
        {
            // PEM, percent-encoded.
            writer.Text(5, Uri.EscapeDataString(new string(System.Security.Cryptography.PemEncoding.Write("CERTIFICATE", certificate.Der.Span)) + "\n"));
        }

        writer.End(peer);
    }

    private static void WriteRequest(ProtoWriter writer, Exchange exchange, ExternalAuthorizationConfig config, NameMatchers allowed, NameMatchers disallowed, ReadOnlySpan<byte> body)
    {
        var head = exchange.Request;
        var request = writer.Begin(4);
        var time = writer.Begin(1);
        var ticks = exchange.Record.StartedUtcTicks - DateTime.UnixEpoch.Ticks;
        writer.Int(1, ticks / TimeSpan.TicksPerSecond);
        writer.Int(2, ticks % TimeSpan.TicksPerSecond * 100);
        writer.End(time);

        var http = writer.Begin(2);
        var scheme = head.IsHttps || exchange.Stream.Tls is not null ? "https"u8 : "http"u8;
        CheckedText.Write(writer, 1, exchange.Record.Id.Span);
        CheckedText.Write(writer, 2, head.MethodName);
        WriteHeader(writer, ":authority"u8, head.Authority);
        WriteHeader(writer, ":method"u8, head.MethodName);
        WriteHeader(writer, ":path"u8, head.Target);
        WriteHeader(writer, ":scheme"u8, scheme);
        WriteHeaders(writer, head.Fields, allowed, disallowed);
        CheckedText.Write(writer, 4, head.Target);
        CheckedText.Write(writer, 5, head.Authority);
        CheckedText.Write(writer, 6, scheme);
        writer.Int(9, head.Body switch { BodyKind.Length => head.ContentLength, BodyKind.None => 0, _ => -1 });
        writer.Text(10, Protocols[head.Version switch { 10 => 0, 20 => 2, _ => 1 }]);
        if (config.PacksBodyAsBytes)
        {
            writer.Bytes(12, body);
        }
        else
        {
            CheckedText.Write(writer, 11, body);
        }

        writer.End(http);
        writer.End(request);
    }

    private static void WriteHeaders(ProtoWriter writer, FieldList fields, NameMatchers allowed, NameMatchers disallowed)
    {
        for (var i = 0; i < fields.Count; i++)
        {
            if (!fields.IsPresent(i) || (!allowed.IsEmpty && !allowed.Match(fields.Name(i))) || disallowed.Match(fields.Name(i)) || IsRepeated(fields, i))
            {
                continue;
            }

            var second = fields.IndexOf(fields.Name(i), i + 1);
            var value = second < 0 ? fields.Value(i) : Routing.Scratch.OfThread.Join(fields, fields.Name(i), i, second);
            WriteHeader(writer, fields.Name(i), value);
        }
    }

    private static bool IsRepeated(FieldList fields, int index) => fields.IndexOf(fields.Name(index)) is >= 0 and var first && first < index;

    private static void WriteHeader(ProtoWriter writer, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        var entry = writer.Begin(3);
        Span<byte> lower = name.Length <= 256 ? stackalloc byte[256] : new byte[name.Length];
        System.Text.Ascii.ToLower(name, lower, out var length);
        writer.Bytes(1, lower[..length]);
        CheckedText.Write(writer, 2, value);
        writer.End(entry);
    }
}
