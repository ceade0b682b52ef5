using System.Runtime.CompilerServices;
using Pillion.Core.Resilience;
using Pillion.Net.Http;
using Pillion.Net.Loop;
using Pillion.Proxy.Forwarding;
using Pillion.Proxy.Routing;

namespace Pillion.Proxy.Filters.Jwt;

/// <summary>Lets only requests pass whose token is good, where one is required; tells the filters behind it, and the application, what the token says.</summary>
internal sealed class JwtFilter : Filter
{
    private readonly JwtConfig _config;
    private readonly JwtState _state;
    private readonly JwtCheck? _check;
    private readonly (RouteMatcher Match, JwtCheck? Check)[] _rules;
    private readonly byte[][] _headersMade;
    private readonly List<UsedToken>[] _used;

    public JwtFilter(JwtConfig config, JwtState state, FilterContext context)
        : base(config, context)
    {
        _config = config;
        _state = state;
        _check = config.Requirement is { } requirement ? new JwtCheck(requirement, state.Providers) : null;
        _rules = [.. config.Rules.Select(rule => (new RouteMatcher(rule.Match), rule.Requirement is null ? null : new JwtCheck(rule.Requirement, state.Providers)))];
        _headersMade = [.. config.Providers.Providers.SelectMany(provider => provider.HeadersMade).Distinct(StringComparer.OrdinalIgnoreCase).Select(System.Text.Encoding.ASCII.GetBytes)];
        _used = [.. Enumerable.Range(0, context.Loops).Select(_ => new List<UsedToken>())];
    }

    public override bool SeesAnswers => true;

    public override ValueTask<bool> RequestAsync(Exchange exchange)
    {
        // Before anything is decided: what a client writes there itself was verified by nobody.
        foreach (var name in _headersMade)
        {
            exchange.Request.Fields.RemoveAll(name);
        }

        HideTokens(exchange);
        if (CheckOf(exchange) is not { } check || (_config.PassesPreflight && IsPreflight(exchange.Request)))
        {
            return new(true);
        }

        var result = Ask(exchange, check, mayWait: true);
        return result.Wait is null ? ConcludeAsync(exchange, result) : WaitAsync(exchange, check, result.Wait);
    }

    public override void Answer(Exchange exchange)
    {
        // RFC 6750 §3: how to ask, and no word of error to who did not show a token.
        if (exchange.Response.Status == 401 && exchange.Record.Failure.Kind == FailureKind.Unauthenticated && exchange.Record.Verdicts is [.., var last] && last.Policy == Name)
        {
            var request = exchange.Request;
            Challenge.Add(exchange.Response.Fields, request.IsHttps || exchange.Stream.Tls is not null, request.Authority, request.Path, isInvalid: last.Outcome != JwtOutcomes.Missing);
        }
    }

    private JwtCheck? CheckOf(Exchange exchange)
    {
        if (_check is not null || _rules.Length == 0)
        {
            return _check;
        }

        var scratch = Scratch.OfThread;
        var path = scratch.ForMatching(exchange.Request.Path, exchange.Listener.Http.Rules);
        foreach (var (match, check) in _rules)
        {
            if (match.Matches(exchange.Request, path, scratch))
            {
                return check;
            }
        }

        return null;
    }

    private JwtResult Ask(Exchange exchange, JwtCheck check, bool mayWait)
    {
        var loop = exchange.Loop;
        var used = _used[loop.Index];
        used.Clear();
        var now = (loop.UtcTicks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerSecond;
        return check.Ask(exchange.Request, loop.Index, now, mayWait, used);
    }

    // The keys are looked for once more, as often as there are providers: each may have to be waited for.
    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<bool> WaitAsync(Exchange exchange, JwtCheck check, Task wait)
    {
        JwtResult result;
        var left = _state.Providers.Length;
        do
        {
            try
            {
                await wait.WaitAsync(exchange.Cancelled);
            }
            catch (OperationCanceledException)
            {
                // The client left or a limit passed; the exchange knows which.
            }

            if (exchange.IsOver)
            {
                return false;
            }

            result = Ask(exchange, check, mayWait: --left > 0);
            wait = result.Wait!;
        }
        while (result.Wait is not null);

        return await ConcludeAsync(exchange, result);
    }

    private ValueTask<bool> ConcludeAsync(Exchange exchange, in JwtResult result)
    {
        if (result.IsAllowed)
        {
            Use(exchange, _used[exchange.Loop.Index]);
            return new(true);
        }

        // It goes nowhere any more, and what a log makes of its path must not hold a token either.
        foreach (var each in _state.Providers)
        {
            foreach (var place in each.Places)
            {
                (place as ParameterPlace)?.Strip(exchange.Request);
            }
        }

        var provider = result.Provider?.Config;
        Tell(exchange, JwtOutcomes.Word(result.Outcome), provider?.Source ?? Source, provider?.Name);
        var kind = result.Outcome == JwtOutcome.NoKeys ? FailureKind.PolicyUnavailable : FailureKind.Unauthenticated;
        return RefuseAsync(exchange, new Failure(FailureSide.Local, kind, Cause: result.Cause));
    }

    private void Use(Exchange exchange, List<UsedToken> used)
    {
        if (used.Count == 0)
        {
            Tell(exchange, JwtOutcomes.Anonymous);
            if (_config.StripsBadTokens)
            {
                foreach (var provider in _state.Providers)
                {
                    Strip(exchange.Request, provider);
                }
            }

            return;
        }

        foreach (var (provider, token) in used)
        {
            Strip(exchange.Request, provider);
            exchange.Caller.Claims ??= token.Claims;
            for (var i = 0; i < provider.ClaimHeaders.Length; i++)
            {
                if (token.HeaderValues[i] is { } value)
                {
                    exchange.Request.Fields.RemoveAll(provider.ClaimHeaders[i]);
                    exchange.Request.Fields.Add(provider.ClaimHeaders[i], value);
                }
            }

            if (token.Payload is { } payload)
            {
                exchange.Request.Fields.RemoveAll(provider.PayloadHeader!);
                exchange.Request.Fields.Add(provider.PayloadHeader!, payload);
            }
        }

        var first = used[0].Provider.Config;
        Tell(exchange, JwtOutcomes.Word(JwtOutcome.Allowed), first.Source, first.Name);
        used.Clear();
    }

    private void HideTokens(Exchange exchange)
    {
        if (exchange.Request.Query.IsEmpty)
        {
            return;
        }

        foreach (var provider in _state.Providers)
        {
            foreach (var place in provider.Places)
            {
                place.Hide(exchange.Record);
            }
        }
    }

    private static void Strip(RequestHead request, JwtProvider provider)
    {
        if (provider.Config.Forward)
        {
            return;
        }

        foreach (var place in provider.Places)
        {
            place.Strip(request);
        }
    }

    // Fetch §3.2.2: what a browser asks before a request from another origin.
    private static bool IsPreflight(RequestHead request) =>
        request.Method == Net.Http.HttpMethod.Options && request.Fields.Has(KnownField.Origin) && request.Fields.IndexOf("access-control-request-method"u8) >= 0;
}
