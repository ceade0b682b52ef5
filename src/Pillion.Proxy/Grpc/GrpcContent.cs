using System.Text;
using Pillion.Net.Http;

namespace Pillion.Proxy.Grpc;

/// <summary>Whether a message is gRPC: by its Content-Type, as the protocol has it (gRPC over HTTP/2, "Requests").</summary>
internal static class GrpcContent
{
    public static ReadOnlySpan<byte> Type => "application/grpc"u8;

    /// <summary><c>application/grpc</c>, with <c>+proto</c> or parameters behind it; not <c>application/grpc-web</c>.</summary>
    public static bool Is(FieldList fields)
    {
        var type = fields.Get(KnownField.ContentType);
        return type.Length >= Type.Length && Ascii.EqualsIgnoreCase(type[..Type.Length], Type) && (type.Length == Type.Length || type[Type.Length] is (byte)'+' or (byte)';' or (byte)' ');
    }
}
