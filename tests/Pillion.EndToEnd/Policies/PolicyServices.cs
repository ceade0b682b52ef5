using System.Collections.Concurrent;
using Grpc.Core;
using Pillion.EndToEnd.Policies.Protocol;

namespace Pillion.EndToEnd.Policies;

/// <summary>Allows who names a user, and sees what it was told.</summary>
internal sealed class AuthorizationServer : Authorization.AuthorizationBase
{
    public ConcurrentQueue<CheckRequest> Asked { get; } = [];

    public override Task<CheckResponse> Check(CheckRequest request, ServerCallContext context)
    {
        Asked.Enqueue(request);
        var user = request.Attributes.Request.Http.Headers.GetValueOrDefault("x-login", "");
        return Task.FromResult(user.Length > 0
            ? new CheckResponse { Status = new(), OkResponse = new() { Headers = { new HeaderValueOption { Header = new() { Key = "x-user", Value = user } } } } }
            : new CheckResponse { Status = new() { Code = 16 }, DeniedResponse = new() { Status = new() { Code = 401 }, Body = "who are you?" } });
    }
}

/// <summary>Counts by the last entry's value, and takes three of each.</summary>
internal sealed class RateLimitServer : RateLimitService.RateLimitServiceBase
{
    private readonly ConcurrentDictionary<string, int> _counts = [];

    public override Task<RateLimitResponse> ShouldRateLimit(RateLimitRequest request, ServerCallContext context)
    {
        var name = $"{request.Domain}/{request.Descriptors.Single().Entries[^1].Value}";
        return Task.FromResult(new RateLimitResponse
        {
            OverallCode = _counts.AddOrUpdate(name, 1, static (_, count) => count + 1) > 3 ? RateLimitResponse.Types.Code.OverLimit : RateLimitResponse.Types.Code.Ok,
        });
    }
}
