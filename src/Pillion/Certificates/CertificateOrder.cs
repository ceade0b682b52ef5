namespace Pillion.Certificates;

/// <summary>What <c>pillion certs init</c> was asked for.</summary>
internal sealed record CertificateOrder
{
    public required string Directory { get; init; }

    /// <summary>Empty: those that have an identity in the directory.</summary>
    public required IReadOnlyList<string> Workloads { get; init; }

    public string? TrustDomain { get; init; }

    /// <summary>Null: that of an identity that is there already, or default.</summary>
    public string? Namespace { get; init; }

    public required TimeSpan Life { get; init; }

    /// <summary>Renew what is still good, too.</summary>
    public bool Force { get; init; }
}
