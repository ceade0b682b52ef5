namespace Pillion.Proxy.Filters.Authorization;

/// <summary>What a policy says of a request.</summary>
/// <param name="Rule">The rule that decided; null where none matched.</param>
/// <param name="Cause">Why it is denied.</param>
internal readonly record struct Decision(bool IsAllowed, Rule? Rule, string? Cause);
