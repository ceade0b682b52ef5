namespace Pillion.Admin;

/// <summary>A peer that comes in the clear to a listener whose mutual TLS is permissive.</summary>
/// <param name="Peer">Its address; "others" are those that found no room in the list.</param>
internal sealed record PlaintextView(string Listener, string Peer, long Connections);
