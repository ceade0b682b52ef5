namespace Pillion.Rehearsing;

/// <summary>What a log says was decided on a request.</summary>
internal static class Recorded
{
    private static readonly string[] BeforeRouting = ["bad_request", "request_head_timeout", "request_too_large", "loop_detected", "draining", "overloaded"];
    private static readonly string[] Refusals = ["unauthenticated", "denied", "rate_limited", "fault_injected", "policy_unavailable"];

    /// <summary>Null where it does not say; the reason is then a few words.</summary>
    public static Decision? Of(LoggedRequest request, out string reason)
    {
        reason = "";
        if (request.Failure == "no_route" || request.HasFlag("NR") || request.Details == "route_not_found")
        {
            return new Decision(DecisionKind.NoRoute);
        }

        if (Refusals.Contains(request.Failure) || request.HasFlag("UAEX") || request.HasFlag("RL") || request.HasFlag("FI"))
        {
            return new Decision(DecisionKind.Refused, request.Route);
        }

        if (request.Cluster.Length > 0)
        {
            return new Decision(DecisionKind.Forward, request.Route, request.Cluster);
        }

        if (request.Route.Length == 0 && (BeforeRouting.Contains(request.Failure) || request.HasFlag("DPE")))
        {
            reason = $"it ended before a route was looked for ({(request.Failure.Length > 0 ? request.Failure : request.Flags)})";
            return null;
        }

        if (request.Failure.Length > 0 || (request.IsOurs && request.AnsweredBy != "pillion") || request.Status == 0)
        {
            reason = $"the log does not say where it was to go{(request.Failure.Length > 0 ? $" ({request.Failure})" : "")}";
            return null;
        }

        return request.Status is 301 or 302 or 303 or 307 or 308
            ? new Decision(DecisionKind.Redirect, request.Route, Status: request.Status)
            : new Decision(DecisionKind.Answer, request.Route, Status: request.Status);
    }
}
