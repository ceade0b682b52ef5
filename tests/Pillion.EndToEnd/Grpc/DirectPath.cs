namespace Pillion.EndToEnd.Grpc;

/// <summary>No proxy: what fails here is wrong with the test and not with the proxy.</summary>
public sealed class DirectPath : GrpcPath
{
    private protected override Task<int> BuildAsync() => Task.FromResult(Server.App.Http2);
}
