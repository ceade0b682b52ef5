using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Pillion.Core.Resilience;
using Pillion.Net.Http;
using Pillion.Net.Loop;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Forwarding;
using Pillion.Proxy.Upstreams.Calls;

namespace Pillion.Proxy.Filters.GlobalRateLimits;

/// <summary>Describes each request to a service that counts for all sidecars; what it cannot ask about passes, unless the file says otherwise.</summary>
internal sealed class GlobalRateLimitFilter(GlobalRateLimitConfig config, FilterContext context) : Filter(config, context)
{
    private const int MostKept = 64;

    private readonly GrpcMethod _method = new(config.Cluster, "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit", config.Authority, config.Timeout, context.Loops);
    private readonly Descriptions _descriptions = new(config.Actions);
    private readonly (byte[] Name, HeaderTemplate Value, HeaderAppend Append)[] _added = [.. config.ResponseHeaders.Add.Select(header => (Encoding.ASCII.GetBytes(header.Name), new HeaderTemplate(header.Value), header.Append))];
    private readonly Stack<RateQuestion>[] _free = [.. Enumerable.Range(0, context.Loops).Select(_ => new Stack<RateQuestion>())];

    public override ValueTask<bool> RequestAsync(Exchange exchange)
    {
        var question = _free[exchange.Loop.Index].TryPop(out var kept) ? kept : new RateQuestion();
        question.Message.Clear();
        question.Message.Text(1, config.Domain);
        if (_descriptions.Write(question.Message, exchange) > 0)
        {
            return AskAsync(exchange, question);
        }

        Return(exchange.Loop, question);
        return new(true);
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<bool> AskAsync(Exchange exchange, RateQuestion question)
    {
        var loop = exchange.Loop;
        var call = _method.Rent(loop);
        call.SetMessage(question.Message.Written);
        if (await _method.AskAsync(loop, exchange.Snapshot, call, exchange.Cancelled) is { } problem)
        {
            question.Answer.Fail(problem);
        }
        else
        {
            question.Answer.Read(call.Reply.Span);
        }

        _method.Return(loop, call);
        var passes = !exchange.IsOver && await ConcludeAsync(exchange, question.Answer);
        question.Answer.Clear();
        Return(loop, question);
        return passes;
    }

    private ValueTask<bool> ConcludeAsync(Exchange exchange, RateAnswer answer)
    {
        if (answer.Problem is { } problem)
        {
            if (!config.FailsClosed)
            {
                Tell(exchange, "failure_mode_allowed");
                return new(true);
            }

            Tell(exchange, "error");
            return RefuseAsync(exchange, new Failure(FailureSide.Local, FailureKind.PolicyUnavailable, Cause: $"{config.Cluster}: {problem}"), config.FailureStatus);
        }

        for (var i = 0; i < answer.AnswerFields.Count; i++)
        {
            exchange.AnswerFields.Add(answer.AnswerFields.Name(i), answer.AnswerFields.Value(i), HeaderAppend.Add);
        }

        if (config.TellsRest && answer.Nearest is { } nearest)
        {
            TellRest(exchange, answer, nearest);
        }

        if (answer.IsOverLimit)
        {
            return LimitAsync(exchange, answer);
        }

        for (var i = 0; i < answer.RequestFields.Count; i++)
        {
            exchange.Request.Fields.Add(answer.RequestFields.Name(i), answer.RequestFields.Value(i));
        }

        Tell(exchange, "allowed");
        return new(true);
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<bool> LimitAsync(Exchange exchange, RateAnswer answer)
    {
        Tell(exchange, "limited");
        if (config.TellsLimited)
        {
            exchange.AnswerFields.Add("x-envoy-ratelimited"u8, "true"u8, HeaderAppend.Set);
        }

        foreach (var (name, value, append) in _added)
        {
            exchange.AnswerFields.Add(name, value.Format(new Core.Signals.AccessLog.LogExchange(exchange.Record, exchange.Request, null, null)), append);
        }

        var cause = answer.LimitName.Length == 0
            ? $"{config.Cluster} says that a limit of {config.Domain} is passed"
            : $"{config.Cluster} says that the limit {answer.LimitName} of {config.Domain} is passed";
        var failure = new Failure(FailureSide.Local, FailureKind.RateLimited, Cause: cause);
        if (answer.Body.Length == 0 || exchange.IsGrpc)
        {
            return await RefuseAsync(exchange, failure, config.Status, config.GrpcStatus);
        }

        exchange.Fail(failure);
        exchange.Record.AnsweredLocally = true;
        _ = LocalAnswer.Write(exchange, failure, config.Status);
        await exchange.SendOwnAsync(answer.Body);
        return false;
    }

    private static void TellRest(Exchange exchange, RateAnswer answer, (ulong Limit, ulong Remaining, long ResetSeconds) nearest)
    {
        var fields = exchange.AnswerFields;
        fields.Add("x-ratelimit-limit"u8, Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{nearest.Limit}{answer.Limits}")), HeaderAppend.Set);
        fields.Add("x-ratelimit-remaining"u8, Encoding.ASCII.GetBytes(nearest.Remaining.ToString(CultureInfo.InvariantCulture)), HeaderAppend.Set);
        fields.Add("x-ratelimit-reset"u8, Encoding.ASCII.GetBytes(nearest.ResetSeconds.ToString(CultureInfo.InvariantCulture)), HeaderAppend.Set);
    }

    private void Return(ProxyLoop loop, RateQuestion question)
    {
        if (_free[loop.Index].Count < MostKept)
        {
            _free[loop.Index].Push(question);
        }
    }
}
