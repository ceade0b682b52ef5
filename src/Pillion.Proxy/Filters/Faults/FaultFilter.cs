using System.Buffers.Text;
using System.Runtime.CompilerServices;
using Pillion.Core.Resilience;
using Pillion.Core.Signals;
using Pillion.Net.Http;
using Pillion.Net.Loop;
using Pillion.Proxy.Forwarding;
using Pillion.Proxy.Routing;

namespace Pillion.Proxy.Filters.Faults;

/// <summary>Holds requests back, or answers them, by chance or because a header asks for it.</summary>
internal sealed class FaultFilter(FaultConfig config, FilterContext context) : Filter(config, context)
{
    private readonly HeaderMatcher[] _headers = [.. config.Headers.Select(header => new HeaderMatcher(header))];
    private readonly ActiveFaults _active = context.Keep(config, () => new ActiveFaults());

    public override ValueTask<bool> RequestAsync(Exchange exchange)
    {
        foreach (var header in _headers)
        {
            if (!header.Matches(exchange.Request, Scratch.OfThread))
            {
                return new(true);
            }
        }

        var delay = DelayOf(exchange);
        return delay > TimeSpan.Zero ? DelayAsync(exchange, delay) : AbortAsync(exchange);
    }

    private TimeSpan DelayOf(Exchange exchange)
    {
        var fields = exchange.Request.Fields;
        var delay = config.HeaderDelay ? TimeSpan.FromMilliseconds(Number(fields, "x-envoy-fault-delay-request"u8)) : default;
        var percent = config.HeaderDelay ? PercentOf(fields, "x-envoy-fault-delay-request-percentage"u8, config.DelayPercent) : config.DelayPercent;
        delay = delay > TimeSpan.Zero ? delay : config.Delay;
        return delay > TimeSpan.Zero && IsChosen(exchange, percent) ? delay : default;
    }

    private int StatusOf(Exchange exchange)
    {
        var fields = exchange.Request.Fields;
        var asked = config.HeaderAbort ? Number(fields, "x-envoy-fault-abort-request"u8) : 0;
        var percent = config.HeaderAbort ? PercentOf(fields, "x-envoy-fault-abort-request-percentage"u8, config.AbortPercent) : config.AbortPercent;
        var status = asked is >= 200 and <= 599 ? asked : config.AbortStatus;
        return status > 0 && IsChosen(exchange, percent) ? status : 0;
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<bool> DelayAsync(Exchange exchange, TimeSpan delay)
    {
        if (!_active.TryBegin(config.MaxActive))
        {
            Tell(exchange, "overflow");
            return true;
        }

        Tell(exchange, "delayed");
        exchange.Record.Flags |= ResponseFlags.DI;
        await exchange.Loop.Events.DelayAsync(delay, exchange.Cancelled);
        _active.End();
        return !exchange.IsOver && await AbortAsync(exchange);
    }

    private ValueTask<bool> AbortAsync(Exchange exchange)
    {
        var status = StatusOf(exchange);
        if (status == 0)
        {
            return new(true);
        }

        Tell(exchange, "aborted");
        return RefuseAsync(exchange, new Failure(FailureSide.Local, FailureKind.FaultInjected), status, config.AbortGrpcStatus);
    }

    private static bool IsChosen(Exchange exchange, double percent) => percent >= 100 || exchange.Loop.Random.NextDouble() * 100 < percent;

    private static int Number(FieldList fields, ReadOnlySpan<byte> name)
    {
        var index = fields.IndexOf(name);
        return index >= 0 && Utf8Parser.TryParse(fields.Value(index), out int number, out var read) && read == fields.Value(index).Length && number > 0 ? number : 0;
    }

    // A tester may ask for less than the configuration allows, not for more.
    private static double PercentOf(FieldList fields, ReadOnlySpan<byte> name, double most) =>
        fields.IndexOf(name) >= 0 ? Math.Min(most, Number(fields, name)) : most;
}
