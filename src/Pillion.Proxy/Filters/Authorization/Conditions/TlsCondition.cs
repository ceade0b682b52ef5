namespace Pillion.Proxy.Filters.Authorization.Conditions;

/// <summary>The connection is TLS: whom that lets in, the listener's own TLS has decided.</summary>
internal sealed class TlsCondition : Condition
{
    public override bool Matches(ref Question question) => question.Exchange.Stream.Tls is not null;
}
