using System.Numerics;

namespace Pillion.Core.Signals;

/// <summary>Response flags in Envoy's two spellings, in Envoy's order: <c>UF,URX</c>, or <c>-</c> for none.</summary>
internal static class ResponseFlagText
{
    private static readonly (string Short, string Long)[] Names =
    [
        ("UH", "NoHealthyUpstream"),
        ("UF", "UpstreamConnectionFailure"),
        ("UO", "UpstreamOverflow"),
        ("NR", "NoRouteFound"),
        ("URX", "UpstreamRetryLimitExceeded"),
        ("NC", "NoClusterFound"),
        ("DT", "DurationTimeout"),
        ("DC", "DownstreamConnectionTermination"),
        ("LH", "FailedLocalHealthCheck"),
        ("UT", "UpstreamRequestTimeout"),
        ("LR", "LocalReset"),
        ("UR", "UpstreamRemoteReset"),
        ("UC", "UpstreamConnectionTermination"),
        ("DI", "DelayInjected"),
        ("FI", "FaultInjected"),
        ("RL", "RateLimited"),
        ("UAEX", "UnauthorizedExternalService"),
        ("RLSE", "RateLimitServiceError"),
        ("IH", "InvalidEnvoyRequestHeaders"),
        ("SI", "StreamIdleTimeout"),
        ("DPE", "DownstreamProtocolError"),
        ("UPE", "UpstreamProtocolError"),
        ("UMSDR", "UpstreamMaxStreamDurationReached"),
        ("OM", "OverloadManagerTerminated"),
        ("DF", "DnsResolutionFailed"),
    ];

    public static int Count => Names.Length;

    public static (string Short, string Long) Name(int bit) => Names[bit];

    public static void Write(LineBuffer line, ResponseFlags flags, bool longNames = false)
    {
        if (flags == ResponseFlags.None)
        {
            line.Raw((byte)'-');
            return;
        }

        var separate = false;
        for (var left = (uint)flags; left != 0; left &= left - 1)
        {
            if (separate)
            {
                line.Raw((byte)',');
            }

            separate = true;
            var name = Names[BitOperations.TrailingZeroCount(left)];
            line.Raw(longNames ? name.Long : name.Short);
        }
    }

    public static string ToText(ResponseFlags flags)
    {
        var line = new LineBuffer(32);
        Write(line, flags);
        return line.ToString();
    }
}
