using Xunit;

namespace Pillion.EndToEnd.Grpc;

/// <summary>Without a proxy, so that the tests themselves are tested.</summary>
public sealed class DirectTests(DirectPath path) : GrpcTests(path), IClassFixture<DirectPath>;
