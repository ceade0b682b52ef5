using Pillion.Net;
using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Filters.Authorization.Conditions;

/// <summary>A compiled condition: immutable, shared by all loops, asked without allocation.</summary>
internal abstract class Condition
{
    public abstract bool Matches(ref Question question);

    public static Condition Compile(ConditionConfig config) => config.Kind switch
    {
        ConditionKind.Any => new AnyCondition(),
        ConditionKind.Not => new NotCondition(Compile(config.Parts[0])),
        ConditionKind.All => new AllConditions(CompileAll(config)),
        ConditionKind.OneOf => new OneOfConditions(CompileAll(config)),
        ConditionKind.Tls => new TlsCondition(),
        ConditionKind.Port => new PortCondition(config.Ports.First, config.Ports.Last),
        ConditionKind.Method => new MethodCondition(config.Methods),
        ConditionKind.Path => new PathCondition(new RouteMatchConfig { Path = config.Path!, IgnoreCase = config.IgnoreCase }),
        ConditionKind.Header => new HeaderCondition(config.Text!),
        ConditionKind.Query => new QueryCondition(config.Text!),
        ConditionKind.Host => new HostCondition(config.Text!),
        ConditionKind.Claim => new ClaimCondition(config.Text!),
        ConditionKind.Certificate => new CertificateCondition(config.Text!),
        ConditionKind.Peer => new AddressCondition(config.Networks, static (ref Question question) => question.Exchange.Stream.Remote),
        ConditionKind.Client => new AddressCondition(config.Networks, static (ref Question question) => question.Client),
        ConditionKind.Destination => new AddressCondition(config.Networks, static (ref Question question) => question.Exchange.Stream.Local),
        _ => new NameCondition(config.Kind, config.Text!),
    };

    private static Condition[] CompileAll(ConditionConfig config) => [.. config.Parts.OrderBy(part => part.Kind).Select(Compile)];
}

/// <summary>Which address of a request is meant.</summary>
internal delegate PeerAddress AddressOf(ref Question question);
