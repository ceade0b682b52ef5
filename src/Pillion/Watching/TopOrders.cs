using Pillion.Core.Configuration;

namespace Pillion.Watching;

/// <summary>By which column the rows of <c>pillion top</c> stand in order.</summary>
internal enum TopOrder
{
    Rate,
    Failures,
    P99,
    Retries,
    Bytes,
    Name,
}

/// <summary>The orders under the names of <c>--sort</c>; a key goes through them.</summary>
internal static class TopOrders
{
    public static readonly Registry<TopOrder> All = new("column")
    {
        { "rate", TopOrder.Rate },
        { "failures", TopOrder.Failures },
        { "p99", TopOrder.P99 },
        { "retries", TopOrder.Retries },
        { "bytes", TopOrder.Bytes },
        { "name", TopOrder.Name },
    };

    public static TopOrder Next(TopOrder order) => order == TopOrder.Name ? TopOrder.Rate : order + 1;
}
