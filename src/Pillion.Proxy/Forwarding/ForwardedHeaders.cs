using System.Text;
using Pillion.Core.Signals;
using Pillion.Net;
using Pillion.Net.Http;

namespace Pillion.Proxy.Forwarding;

/// <summary>
/// What every request carries further: where it came from (X-Forwarded-*), who it is (X-Request-Id, traceparent) and whom it has passed (Via).
/// </summary>
internal static class ForwardedHeaders
{
    /// <summary>Edits the request; false when it has already passed through this listener of this process.</summary>
    public static bool Apply(Exchange exchange)
    {
        var fields = exchange.Request.Fields;
        var http = exchange.Listener.Http;
        RequestId(exchange, fields);
        exchange.Listener.Tracer?.Begin(exchange);

        if (http.Via is not null && !Via(exchange.Listener.ViaName, exchange.Listener.ViaFor(exchange.Request.Version), fields))
        {
            return false;
        }

        ClientCertificateHeader.Apply(fields, exchange.Stream.Tls, http.ClientCertificate, exchange.Listener.OwnIdentity);
        var trusted = http.TrustedHops > 0 || !http.UseRemoteAddress;
        if (http.UseRemoteAddress)
        {
            ForwardedFor(exchange.Stream.Remote, fields);
        }


        // What the client writes into its scheme is a claim, like the field itself.
        Default(fields, KnownField.XForwardedProto, exchange.Stream.Tls is not null || (trusted && exchange.Request.IsHttps) ? "https"u8 : "http"u8, keep: trusted);
        Default(fields, KnownField.XForwardedHost, exchange.Request.Authority, keep: true);
        return true;
    }

    private static void RequestId(Exchange exchange, FieldList fields)
    {
        var http = exchange.Listener.Http;
        var index = fields.IndexOf(KnownField.XRequestId);
        if (index >= 0 && http.PreserveRequestId && RequestIds.IsUsable(fields.Value(index)))
        {
            exchange.Record.Id.Set(fields.Value(index));
            return;
        }

        Span<byte> id = stackalloc byte[RequestIds.Length];
        exchange.Loop.Ids.Write(id);
        exchange.Record.Id.Set(id);
        if (http.GenerateRequestId)
        {
            fields.Set(KnownField.XRequestId, id);
        }
    }

    // The token names this listener of this process: a request may well pass outbound and then inbound of the same sidecar, but not one of them twice.
    private static bool Via(ReadOnlySpan<byte> name, ReadOnlySpan<byte> token, FieldList fields)
    {
        var index = fields.IndexOf(KnownField.Via);
        if (index < 0)
        {
            fields.Add(KnownField.Via, token);
            return true;
        }

        for (var i = index; i >= 0; i = fields.IndexOf(KnownField.Via, i + 1))
        {
            if (fields.Value(i).IndexOf(name) >= 0)
            {
                return false;
            }
        }

        // RFC 9110 §7.6.3: appended behind those of the proxies before.
        fields.Add(KnownField.Via, token);
        return true;
    }

    private static void ForwardedFor(PeerAddress remote, FieldList fields)
    {
        Span<byte> address = stackalloc byte[64];
        address = address[..remote.FormatAddress(address)];
        var index = fields.IndexOf(KnownField.XForwardedFor);
        if (index < 0)
        {
            fields.Add(KnownField.XForwardedFor, address);
            return;
        }

        // Several fields are one list; the last of them is where the list ends.
        for (var next = fields.IndexOf(KnownField.XForwardedFor, index + 1); next >= 0; next = fields.IndexOf(KnownField.XForwardedFor, next + 1))
        {
            index = next;
        }

        var old = fields.Value(index);
        Span<byte> value = old.Length < 400 ? stackalloc byte[512] : new byte[old.Length + 66];
        old.CopyTo(value);
        ", "u8.CopyTo(value[old.Length..]);
        address.CopyTo(value[(old.Length + 2)..]);
        fields.Replace(index, value[..(old.Length + 2 + address.Length)]);
    }

    private static void Default(FieldList fields, KnownField field, ReadOnlySpan<byte> value, bool keep)
    {
        if (!keep || !fields.Has(field))
        {
            if (!value.IsEmpty)
            {
                fields.Set(field, value);
            }
        }
    }
}
