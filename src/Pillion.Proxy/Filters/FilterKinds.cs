using Pillion.Proxy.Filters.Concurrency;
using Pillion.Proxy.Filters.Faults;

namespace Pillion.Proxy.Filters;

/// <summary>
/// Every kind of filter, in the order in which Pillion's own files run them: who asks, whether it may, whether it is too much, and only then what
/// changes the request. Envoy's files have their own order.
/// </summary>
internal static class FilterKinds
{
    public static readonly FilterKind Concurrency = new ConcurrencyKind();

    public static readonly FilterKind Fault = new FaultKind();

    public static IReadOnlyList<FilterKind> InOrder { get; } =
    [
        Concurrency,
        Fault,
    ];
}
