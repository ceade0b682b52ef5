namespace Pillion.Application;

/// <summary>One way to ask the application whether it can serve.</summary>
internal interface IProbe
{
    /// <summary>Null when it can, else why not, as the end of a sentence.</summary>
    Task<string?> ProbeAsync(CancellationToken cancellationToken);
}
