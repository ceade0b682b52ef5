namespace Pillion.Core.Lifecycle;

/// <summary>The life of the process, the same for every role. It only ever moves forward.</summary>
internal enum LifecycleState
{
    /// <summary>Configuration is read, listeners are bound, identity is fetched.</summary>
    Starting,

    /// <summary>Everything that Pillion itself needs is there; whether it tells so depends on the conditions.</summary>
    Ready,

    /// <summary>Going away, but still serving everything: the rest of the world needs time to hear of it.</summary>
    LameDuck,

    /// <summary>Inbound takes nothing new; outbound stays open while the application lives.</summary>
    Draining,

    Stopped,
}
