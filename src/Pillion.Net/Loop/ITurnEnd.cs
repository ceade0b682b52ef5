namespace Pillion.Net.Loop;

/// <summary>
/// Work that is better done once at the end of a turn: what many events of one turn have written is sent then, back to back, so that a
/// peer is woken once for several messages and a connection's messages leave together.
/// </summary>
internal interface ITurnEnd
{
    /// <summary>Runs no code of others: it may be called in the middle of a turn when much is waiting.</summary>
    void OnTurnEnd();
}
