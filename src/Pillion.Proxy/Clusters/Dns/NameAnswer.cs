using System.Net;

namespace Pillion.Proxy.Clusters.Dns;

/// <summary>What a lookup gave: addresses in the server's order, or why there are none.</summary>
/// <param name="TimeToLive">The shortest of the records; null when the source has none (a hosts file, the system's resolver).</param>
/// <param name="Error">A sentence; null exactly when there is at least one address.</param>
internal sealed record NameAnswer(IPAddress[] Addresses, TimeSpan? TimeToLive, string? Error)
{
    public bool IsFailure => Error is not null;

    public static NameAnswer Of(IPAddress[] addresses, TimeSpan? timeToLive = null) =>
        addresses.Length == 0 ? Failed("the name has no address of the wanted family") : new(addresses, timeToLive, null);

    public static NameAnswer Failed(string error) => new([], null, error);
}
