namespace Pillion.Tests.Proxy.Chaos;

/// <summary>What an endpoint does with requests for a while.</summary>
internal enum Mood
{
    /// <summary>Answers in some 20 ms.</summary>
    Well,

    /// <summary>Accepts and never answers.</summary>
    Hangs,

    /// <summary>Answers after three seconds.</summary>
    Slow,

    /// <summary>Answers 503 at once.</summary>
    Fails,

    /// <summary>Answers with what is no HTTP.</summary>
    Garbage,

    /// <summary>Breaks off in the middle of its answer.</summary>
    BreaksOff,

    /// <summary>Every connection is gone and none is accepted.</summary>
    Dead,
}
