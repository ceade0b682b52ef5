using System.Text;
using Pillion.Core.Resilience;
using Pillion.Core.Signals;
using Pillion.Net.Http;
using Pillion.Proxy.Grpc;

namespace Pillion.Proxy.Forwarding;

/// <summary>The answers that Pillion makes itself: a status, who refused and why (RFC 9209), and one sentence with the request's id.</summary>
internal static class LocalAnswer
{
    /// <summary>Fills the exchange's response head and returns the body.</summary>
    /// <param name="status">Overrides the failure's own status; 0 keeps it.</param>
    /// <param name="grpcStatus">Overrides the status of gRPC calls; null is what the other says.</param>
    public static byte[] Write(Exchange exchange, in Failure failure, int status, int? grpcStatus = null)
    {
        var answer = FailureTable.For(failure);
        var response = exchange.Response;
        response.Clear();
        response.Status = status > 0 ? status : answer.Status > 0 ? answer.Status : 500;
        exchange.Record.Status = response.Status;
        exchange.KeepAlive &= !answer.Close;

        var fields = response.Fields;
        Span<byte> text = stackalloc byte[ProxyStatus.MaxBytes];
        fields.Add(KnownField.Date, exchange.Loop.HttpDate);
        fields.Add(KnownField.Server, exchange.Listener.ServerName);
        fields.Add(KnownField.ContentType, "text/plain; charset=utf-8"u8);
        // What a policy found wanting is a hint to whoever probes it.
        var told = exchange.MaySeeDetail || failure.Kind is not (FailureKind.Denied or FailureKind.Unauthenticated) ? failure : failure with { Cause = null };
        fields.Add(KnownField.ProxyStatus, text[..ProxyStatus.Write(text, told)]);
        if (failure.Kind == FailureKind.Overflow)
        {
            // As Envoy says it: proxies before us do not try again what would only meet the same limit.
            fields.Add("x-envoy-overloaded"u8, "true"u8);
        }

        if (!exchange.Record.Id.IsEmpty)
        {
            fields.Add(KnownField.XRequestId, exchange.Record.Id.Span);
        }

        if (exchange.IsGrpc)
        {
            // Its clients look for a status of their own protocol; an overridden HTTP status is translated.
            GrpcStatus.Write(response, grpcStatus ?? (status > 0 ? GrpcStatus.OfHttp(status) : answer.GrpcStatus), Sentence(exchange, response.Status, answer));
            return [];
        }

        return Encoding.UTF8.GetBytes($"{Sentence(exchange, response.Status, answer)}\nrequest id: {exchange.Record.Id}\n");
    }

    private static string Sentence(Exchange exchange, int status, FailureAnswer answer) =>
        // The whole story, the configuration's line included, or the kind.
        exchange.MaySeeDetail ? Explanations.Sentence(exchange.Record) : $"{status} {answer.ProxyError.Replace('_', ' ')}";
}
