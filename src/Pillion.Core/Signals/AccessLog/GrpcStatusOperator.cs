using System.Buffers.Text;
using Pillion.Net.Http;

namespace Pillion.Core.Signals.AccessLog;

/// <summary>The gRPC status of an answer, from its trailers or, when it is nothing but a status, from its head.</summary>
internal sealed class GrpcStatusOperator(bool asNumber) : LogOperator
{
    private static readonly string[] Names =
    [
        "OK", "Canceled", "Unknown", "InvalidArgument", "DeadlineExceeded", "NotFound", "AlreadyExists", "PermissionDenied", "ResourceExhausted",
        "FailedPrecondition", "Aborted", "OutOfRange", "Unimplemented", "Internal", "Unavailable", "DataLoss", "Unauthenticated",
    ];

    public override bool IsNumber => asNumber;

    public override bool Write(LineBuffer line, in LogExchange exchange)
    {
        var text = Find(exchange.Trailers);
        text = text.IsEmpty ? Find(exchange.Response?.Fields) : text;
        if (!Utf8Parser.TryParse(text, out int status, out var used) || used != text.Length || status < 0)
        {
            return false;
        }

        if (asNumber || status >= Names.Length)
        {
            line.Number(status);
        }
        else
        {
            line.Raw(Names[status]);
        }

        return true;
    }

    private static ReadOnlySpan<byte> Find(FieldList? fields) =>
        fields?.IndexOf("grpc-status"u8) is >= 0 and var index ? fields.Value(index) : default;
}
