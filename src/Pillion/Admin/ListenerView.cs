namespace Pillion.Admin;

/// <summary>A listener as <c>/listeners</c> shows it.</summary>
/// <param name="Address">What is bound, with the real port.</param>
internal sealed record ListenerView(string Name, string Address, string Direction, long ActiveConnections);
