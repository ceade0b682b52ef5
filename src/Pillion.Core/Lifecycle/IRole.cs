namespace Pillion.Core.Lifecycle;

/// <summary>
/// A job of the sidecar (proxy, agent, guard) as its life cycle sees it. A role answers every call at any time after its first commit;
/// the calls come from one task at a time, off the loops.
/// </summary>
internal interface IRole
{
    string Name { get; }

    /// <summary>Announces the end to inbound clients (<c>Connection: close</c>, GOAWAY) and goes on serving. Never to outbound: the application is not going away yet.</summary>
    void EnterLameDuck();

    /// <summary>Inbound accepts nothing new; what is under way is finished.</summary>
    void BeginDrain();

    /// <summary>Completes when the last inbound request is finished.</summary>
    Task InboundDrainedAsync(CancellationToken cancellationToken);

    /// <summary>Completes when the application has used outbound for nothing during the given time.</summary>
    Task OutboundIdleAsync(TimeSpan quiet, CancellationToken cancellationToken);

    /// <summary>Ends everything that is left and delivers what is buffered; roles stop in the reverse of their order, the agent last.</summary>
    Task StopAsync(CancellationToken cancellationToken);
}

/// <summary>A role that is configured by <typeparamref name="TConfig"/>: prepare beside the running one, then commit or abandon.</summary>
internal interface IRole<in TConfig> : IRole
{
    Task<Prepared> PrepareAsync(TConfig config, CancellationToken cancellationToken);
}
