using Xunit;

namespace Pillion.EndToEnd.Grpc;

/// <summary>Through both, with mutual TLS between them.</summary>
public sealed class TwoProxiesOverMtlsTests(TwoProxiesOverMtlsPath path) : GrpcTests(path), IClassFixture<TwoProxiesOverMtlsPath>;
