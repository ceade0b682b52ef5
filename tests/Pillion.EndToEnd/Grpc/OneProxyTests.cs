using Xunit;

namespace Pillion.EndToEnd.Grpc;

/// <summary>Through one sidecar.</summary>
public sealed class OneProxyTests(OneProxyPath path) : GrpcTests(path), IClassFixture<OneProxyPath>;
