namespace Pillion.Core.Identity.Secrets;

/// <summary>From when to when a certificate, with the chain that proves it, is good, and whose it is.</summary>
/// <param name="WarnBefore">How long before its end it should have been renewed.</param>
/// <param name="Remedy">What to do about its end, for the log.</param>
internal sealed record CertificateLife(string Subject, DateTimeOffset NotBefore, DateTimeOffset NotAfter, TimeSpan WarnBefore, string Remedy)
{
    // Whoever renews in good time does so with a third of the life or more left (cert-manager), or half of it (SPIRE, Istio): a quarter is late.
    private const int WarnedPart = 4;

    public static CertificateLife Of(string subject, DateTimeOffset notBefore, DateTimeOffset notAfter, string remedy, TimeSpan? warnBefore = null) =>
        new(subject, notBefore, notAfter, warnBefore ?? (notAfter - notBefore) / WarnedPart, remedy);

    public bool HasEnded(DateTimeOffset now) => now >= NotAfter;
}
