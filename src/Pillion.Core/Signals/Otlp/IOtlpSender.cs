namespace Pillion.Core.Signals.Otlp;

/// <summary>Brings a batch to a collector. The proxy does it over one of its clusters, which this part of the program cannot see.</summary>
internal interface IOtlpSender
{
    /// <summary>Never throws for what a peer or a network may do. From any thread.</summary>
    /// <param name="message">An Export…ServiceRequest; valid until the task has ended.</param>
    Task<OtlpAnswer> SendAsync(OtlpConfig to, OtlpSignal signal, ReadOnlyMemory<byte> message, CancellationToken stop);
}
