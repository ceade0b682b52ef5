using Xunit;

namespace Pillion.EndToEnd.Grpc;

/// <summary>Through the caller's sidecar and the server's.</summary>
public sealed class TwoProxiesTests(TwoProxiesPath path) : GrpcTests(path), IClassFixture<TwoProxiesPath>;
