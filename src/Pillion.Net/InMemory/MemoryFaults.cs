namespace Pillion.Net.InMemory;

/// <summary>What a memory network does wrong, on purpose, to connections that are made while it is set.</summary>
internal sealed record MemoryFaults
{
    public static MemoryFaults None { get; } = new();

    /// <summary>Connects are refused even where somebody listens.</summary>
    public bool Refuse { get; init; }

    /// <summary>Connects are never answered: they end by their deadline or token.</summary>
    public bool NeverAnswer { get; init; }

    /// <summary>No receive, on either end, delivers more bytes than this; 0 is no limit. One splits every message at every byte.</summary>
    public int MaxBytesPerReceive { get; init; }

    /// <summary>Connections are redirected, and wanted to go there; null are not.</summary>
    public PeerAddress? RedirectedFrom { get; init; }

    /// <summary>The connection breaks after the client has sent so many bytes; negative is never.</summary>
    public long ResetAfterClientBytes { get; init; } = -1;

    /// <summary>The connection breaks after the server has sent so many bytes; negative is never.</summary>
    public long ResetAfterServerBytes { get; init; } = -1;
}
