using Pillion.Core.Signals;

namespace Pillion.Tapping;

/// <summary>A request that a tap let through: a copy, so that it can be written down at leisure.</summary>
/// <param name="Headers">As they were sent on, with all their secrets; null where nobody asked for them.</param>
internal sealed record TappedRequest(RequestRecord Record, IReadOnlyList<(string Name, string Value)>? Headers);
