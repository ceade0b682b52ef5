namespace Pillion.Capture;

/// <summary>A program that puts rules into the kernel. Mistakes are sentences; null is success.</summary>
internal interface IPacketFilter
{
    /// <summary>As <c>--with</c> names it.</summary>
    string Name { get; }

    /// <summary>The program that must be there.</summary>
    string Program { get; }

    /// <summary>Exactly what is loaded on a machine on which nothing was installed before.</summary>
    string Render(CaptureOptions options);

    /// <summary>Replaces what was installed before, if anything was.</summary>
    Task<string?> InstallAsync(CaptureOptions options, CancellationToken cancellationToken);

    /// <summary>Exactly what removing loads, or nothing where there is nothing to remove.</summary>
    Task<(string? Text, string? Mistake)> RenderRemovalAsync(CancellationToken cancellationToken);

    /// <summary>Removes what was installed; nothing is fine.</summary>
    Task<string?> RemoveAsync(CancellationToken cancellationToken);

    /// <summary>What is installed.</summary>
    Task<InstalledRules> ShowAsync(CancellationToken cancellationToken);
}
