using System.Buffers.Text;
using Pillion.Core.Resilience;
using Pillion.Net.Http;
using Pillion.Proxy.Forwarding;

namespace Pillion.Proxy.Filters.RateLimits;

/// <summary>
/// Lets as many requests pass as the buckets have tokens for. A request takes one from each bucket that it falls under, or none from any: what one
/// bucket refuses costs nothing in another.
/// </summary>
internal sealed class RateLimitFilter : Filter
{
    /// <summary>Limits and descriptors of one filter together.</summary>
    public const int MaxLimits = 32;

    private const long NanosPerSecond = 1_000_000_000;

    private readonly RateLimitConfig _config;
    private readonly RateLimitState _state;
    private readonly RateLimit[] _limits;
    private readonly RateLimit[] _descriptors;
    private readonly DescriptorMatch[] _matches;
    private readonly HeaderEdits _added;

    public RateLimitFilter(RateLimitConfig config, FilterContext context) : base(config, context)
    {
        _config = config;
        var shared = config.HasOwnActions ? config : config with { Actions = [] };
        _state = context.Keep(shared, () => new RateLimitState(shared, context.Program.Time));
        _limits = [.. config.Limits.Select((limit, i) => new RateLimit(limit, _state.Limits[i], Name))];
        _descriptors = [.. config.Descriptors.Select((descriptor, i) => new RateLimit(descriptor.Bucket, _state.Descriptors[i], Name))];
        _matches = [.. config.Actions.SelectMany(set => config.Descriptors.Select((descriptor, i) => DescriptorMatch.Compile(set, descriptor, i))).OfType<DescriptorMatch>()];
        _added = HeaderEdits.Compile([config.ResponseHeaders]);
    }

    public override bool SeesRequests => _limits.Length + _matches.Length > 0 && _config.EnabledPercent > 0;

    public override bool SeesAnswers => SeesRequests;

    public override ValueTask<bool> RequestAsync(Exchange exchange)
    {
        if (!IsChosen(exchange, _config.EnabledPercent))
        {
            return new(true);
        }

        Span<Held> held = stackalloc Held[MaxLimits];
        var count = 0;
        var now = _state.Clock.Now;
        var least = new Taken { Remaining = long.MaxValue };
        for (var i = 0; i < _matches.Length; i++)
        {
            var number = _limits.Length + _matches[i].Descriptor;
            if (_matches[i].Matches(exchange, out var key) && !TryTake(exchange, number, key, now, held, ref count, ref least))
            {
                return RefuseAsync(exchange, LimitOf(number), least, held[..count]);
            }
        }

        var takesDefault = _config.AlwaysTakesDefault || count == 0;
        for (var i = 0; i < _limits.Length && takesDefault; i++)
        {
            if (_limits[i].Covers(exchange.Request) && !TryTake(exchange, i, _limits[i].KeyOf(exchange), now, held, ref count, ref least))
            {
                return RefuseAsync(exchange, _limits[i], least, held[..count]);
            }
        }

        if (count > 0)
        {
            Tell(exchange, "allowed");
            exchange.RateOutcome = new RateOutcome(this, least, IsRefused: false);
        }

        return new(true);
    }

    public override void Answer(Exchange exchange)
    {
        var outcome = exchange.RateOutcome;
        if (outcome.By != this)
        {
            return;
        }

        var fields = exchange.Response.Fields;
        if (outcome.IsRefused)
        {
            fields.Add("x-envoy-ratelimited"u8, "true"u8);
            AddNumber(fields, KnownFields.Name(KnownField.RetryAfter), Seconds(outcome.Taken.Wait));
            _added.Apply(exchange.Response, exchange.Request, exchange.Record);
        }

        if (_config.TellsRest)
        {
            // A limit that was passed on from the upstream is about another bucket; ours is the nearer one.
            fields.RemoveAll("x-ratelimit-limit"u8);
            fields.RemoveAll("x-ratelimit-remaining"u8);
            fields.RemoveAll("x-ratelimit-reset"u8);
            AddNumber(fields, "x-ratelimit-limit"u8, outcome.Taken.Limit);
            AddNumber(fields, "x-ratelimit-remaining"u8, outcome.Taken.Remaining);
            AddNumber(fields, "x-ratelimit-reset"u8, Seconds(outcome.IsRefused ? outcome.Taken.Wait : outcome.Taken.UntilFull));
        }
    }

    // False: there is no token, and what the bucket said is the least. A limit that only tells is passed.
    private bool TryTake(Exchange exchange, int number, ulong key, long now, Span<Held> held, ref int count, ref Taken least)
    {
        var limit = LimitOf(number);
        var taken = limit.Buckets.Take(key, now);
        if (taken.IsTaken)
        {
            held[count++] = new Held(number, taken);
            least = taken.Remaining < least.Remaining ? taken : least;
            return true;
        }

        if (limit.IsDryRun || !IsChosen(exchange, _config.EnforcedPercent))
        {
            Tell(exchange, "would_limit", limit.Source, limit.Name);
            return true;
        }

        least = taken;
        return false;
    }

    // Descriptors are counted behind the limits.
    private RateLimit LimitOf(int number) => number < _limits.Length ? _limits[number] : _descriptors[number - _limits.Length];

    private ValueTask<bool> RefuseAsync(Exchange exchange, RateLimit limit, in Taken taken, Span<Held> held)
    {
        foreach (ref var one in held)
        {
            LimitOf(one.Number).Buckets.GiveBack(one.Taken);
        }

        Tell(exchange, taken.IsOverflow ? "limited_overflow" : "limited", limit.Source, limit.Name);
        exchange.RateOutcome = new RateOutcome(this, taken, IsRefused: true);
        return RefuseAsync(exchange, new Failure(FailureSide.Local, FailureKind.RateLimited, Cause: taken.IsOverflow ? limit.OverflowCause : limit.Cause), limit.Status, _config.GrpcStatus);
    }

    private static bool IsChosen(Exchange exchange, double percent) => percent >= 100 || (percent > 0 && exchange.Loop.Random.NextDouble() * 100 < percent);

    // Rounded up: whoever comes back after so many seconds finds a token.
    private static long Seconds(long nanos) => (nanos + NanosPerSecond - 1) / NanosPerSecond;

    private static void AddNumber(FieldList fields, ReadOnlySpan<byte> name, long number)
    {
        Span<byte> text = stackalloc byte[20];
        Utf8Formatter.TryFormat(number, text, out var length);
        fields.Add(name, text[..length]);
    }

    /// <summary>A token that was taken, and from which limit.</summary>
    private readonly record struct Held(int Number, Taken Taken);
}
