namespace Pillion.Core.Signals.Otlp;

/// <summary>How OTLP's messages travel.</summary>
internal enum OtlpProtocol : byte
{
    /// <summary>A unary call per batch, port 4317 by custom.</summary>
    Grpc,

    /// <summary>A POST of the same protobuf message per batch, port 4318 by custom.</summary>
    Http,
}
