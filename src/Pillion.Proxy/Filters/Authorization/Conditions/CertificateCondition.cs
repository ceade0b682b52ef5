using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Filters.Authorization.Conditions;

/// <summary>A URI or DNS name of the certificate that the peer proved to hold, or its subject (Envoy: principal_name).</summary>
internal sealed class CertificateCondition(ValueMatchConfig match) : Condition
{
    private readonly TextMatcher _matcher = new(match);

    public override bool Matches(ref Question question) =>
        question.Caller.Certificate is { } certificate && (AnyOf(certificate.UriNames) || AnyOf(certificate.DnsNames) || _matcher.Matches(certificate.Subject));

    private bool AnyOf(IReadOnlyList<string> names)
    {
        for (var i = 0; i < names.Count; i++)
        {
            if (_matcher.Matches(names[i]))
            {
                return true;
            }
        }

        return false;
    }
}
