namespace Pillion.Proxy.Listeners;

/// <summary>A client's connection once it is known what is spoken on it.</summary>
internal interface IServedConnection
{
    /// <summary>Serves until the connection ends, and closes it. Never throws.</summary>
    ValueTask ServeAsync();

    /// <summary>Closes the connection when nothing is under way on it; else it closes behind what is.</summary>
    void CloseIfIdle();

    /// <summary>Closes the connection whatever it does: the grace period is over.</summary>
    void CloseNow();
}
