using Pillion.Core.Configuration.Reading;
using Pillion.Net.Tls;
using Pillion.Proxy.Configuration.Native;
using Pillion.Proxy.Filters;
using Pillion.Proxy.Filters.Callers;
using Pillion.Proxy.Forwarding;

namespace Pillion.Tests.Support;

/// <summary>A caller that has proved whatever a test says: stands for handshakes and for filters that verify credentials.</summary>
internal sealed record KnownCaller : FilterConfig
{
    private static readonly KnownKind TheKind = new();

    public override FilterKind Kind => TheKind;

    public string? Identity { get; init; }

    public string? User { get; init; }

    public string? Client { get; init; }

    public IClaims? Claims { get; init; }

    private sealed class KnownKind : FilterKind
    {
        public override string Name => "known";

        public override string Meaning => "";

        public override FilterConfig? Read(ConfigValue value, NativeScope scope) => null;

        public override Filter Compile(FilterConfig config, FilterContext context) => new KnownFilter((KnownCaller)config, context);
    }

    private sealed class KnownFilter(KnownCaller config, FilterContext context) : Filter(config, context)
    {
        public override ValueTask<bool> RequestAsync(Exchange exchange)
        {
            exchange.Caller.Begin(new TlsDetails { Version = "TLSv1.3", Cipher = "any", PeerIdentity = config.Identity });
            exchange.Caller.User = config.User;
            exchange.Caller.Client = config.Client;
            exchange.Caller.Claims = config.Claims;
            return new(true);
        }
    }
}

/// <summary>Claims as a test writes them: lists have commas.</summary>
internal sealed class KnownClaims(params (string Name, string Values)[] claims) : IClaims
{
    private readonly Dictionary<string, string[]> _claims = claims.ToDictionary(claim => claim.Name, claim => claim.Values.Split(','));

    public string? Issuer => "https://issuer.example";

    public string? Subject => "ada";

    public bool TryGetClaim(ReadOnlySpan<char> path, out ReadOnlySpan<string> values)
    {
        var found = _claims.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(path, out var list);
        values = list;
        return found;
    }
}
