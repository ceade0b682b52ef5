using System.Runtime.CompilerServices;
using Pillion.Core.Resilience;
using Pillion.Net.Http;
using Pillion.Net.Loop;
using Pillion.Proxy.Forwarding;
using Pillion.Proxy.Upstreams.Calls;

namespace Pillion.Proxy.Filters.ExternalAuthorization;

/// <summary>Asks a service whether a request may pass, and does what it says; what it cannot ask about does not pass, unless the file says so.</summary>
internal sealed class ExternalAuthorizationFilter(ExternalAuthorizationConfig config, FilterContext context) : Filter(config, context)
{
    private const int MostKept = 64;

    private readonly GrpcMethod? _grpc = config.Http is null
        ? new GrpcMethod(config.Cluster, "/envoy.service.auth.v3.Authorization/Check", config.Authority, config.Timeout, context.Loops)
        : null;

    private readonly HttpAuthorization? _http = config.Http is { } http ? new HttpAuthorization(config, http) : null;
    private readonly NameMatchers _allowed = new(config.AllowedHeaders);
    private readonly NameMatchers _disallowed = new(config.DisallowedHeaders);
    private readonly Stack<AuthorizationCall>[] _free = [.. Enumerable.Range(0, context.Loops).Select(_ => new Stack<AuthorizationCall>())];

    private static ReadOnlySpan<byte> FailureModeAllowed => "x-envoy-auth-failure-mode-allowed"u8;

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    public override async ValueTask<bool> RequestAsync(Exchange exchange)
    {
        exchange.Request.Fields.RemoveAll(FailureModeAllowed);
        var free = _free[exchange.Loop.Index];
        var call = free.TryPop(out var kept) ? kept : new AuthorizationCall();
        var passes = await TakeBodyAsync(exchange, call) && await AskAsync(exchange, call);
        call.Answer.Clear();
        if (free.Count < MostKept)
        {
            free.Push(call);
        }

        return passes;
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<bool> TakeBodyAsync(Exchange exchange, AuthorizationCall call)
    {
        call.BodyLength = 0;
        var request = exchange.Request;
        if (config.MaxBodyBytes == 0 || exchange.Stream.IsBodyReceived || request.Method == Net.Http.HttpMethod.Connect || request.WantsUpgrade)
        {
            return true;
        }

        var most = config.MaxBodyBytes;
        if (!config.AllowsPartialBody && request.Body == BodyKind.Length && request.ContentLength > most)
        {
            Tell(exchange, "too_large");
            return await RefuseAsync(exchange, new Failure(FailureSide.Downstream, FailureKind.RequestTooLarge, Cause: $"a policy that looks at bodies takes {most} bytes"));
        }

        var taken = new TakenBody(exchange.Loop.Events.Slabs);
        if (!await exchange.TakeBodyAsync(taken, most, mustEnd: !config.AllowsPartialBody))
        {
            taken.Release();
            return false;
        }

        call.MakeRoom(Math.Min(most, taken.Length));
        call.BodyLength = taken.CopyTo(call.Body.AsSpan(0, Math.Min(most, taken.Length)));
        if (config.AllowsPartialBody)
        {
            AnswerFields.Edit(request.Fields, "x-envoy-auth-partial-body"u8, taken.IsWhole ? "false"u8 : "true"u8, Configuration.HeaderAppend.Set);
        }

        return true;
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<bool> AskAsync(Exchange exchange, AuthorizationCall call)
    {
        if (_http is not null)
        {
            await _http.AskAsync(exchange, call);
        }
        else
        {
            await AskByGrpcAsync(exchange, call);
        }

        if (exchange.IsOver)
        {
            return false;
        }

        switch (call.Answer.Outcome)
        {
            case AuthorizationOutcome.Allowed:
                Use(exchange, call.Answer);
                Tell(exchange, "allowed");
                return true;
            case AuthorizationOutcome.Denied:
                Tell(exchange, "denied");
                return await DenyAsync(exchange, call.Answer);
            default:
                return await FailAsync(exchange, call.Answer.Problem!);
        }
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    private async ValueTask AskByGrpcAsync(Exchange exchange, AuthorizationCall call)
    {
        CheckRequest.Write(call.Message, exchange, config, _allowed, _disallowed, call.SentBody.Span);
        var question = _grpc!.Rent(exchange.Loop);
        question.SetMessage(call.Message.Written);
        if (await _grpc.AskAsync(exchange.Loop, exchange.Snapshot, question, exchange.Cancelled) is { } problem)
        {
            call.Answer.Fail(problem);
        }
        else
        {
            CheckResponse.Read(question.Reply.Span, call.Answer);
        }

        _grpc.Return(exchange.Loop, question);
    }

    private static void Use(Exchange exchange, AuthorizationAnswer answer)
    {
        var fields = exchange.Request.Fields;
        foreach (var name in answer.Removed)
        {
            fields.RemoveAll(name);
        }

        for (var i = 0; i < answer.RequestAppends.Count; i++)
        {
            AnswerFields.Edit(fields, answer.RequestFields.Name(i), answer.RequestFields.Value(i), answer.RequestAppends[i]);
        }

        AddToAnswer(exchange, answer);
    }

    private static void AddToAnswer(Exchange exchange, AuthorizationAnswer answer)
    {
        for (var i = 0; i < answer.ClientAppends.Count; i++)
        {
            // A call's own answer has its own type.
            if (!exchange.IsGrpc || answer.Outcome == AuthorizationOutcome.Allowed || answer.ClientFields.Known(i) is not (KnownField.ContentType or KnownField.GrpcStatus or KnownField.GrpcMessage))
            {
                exchange.AnswerFields.Add(answer.ClientFields.Name(i), answer.ClientFields.Value(i), answer.ClientAppends[i]);
            }
        }
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<bool> DenyAsync(Exchange exchange, AuthorizationAnswer answer)
    {
        var failure = new Failure(FailureSide.Local, answer.Status == 401 ? FailureKind.Unauthenticated : FailureKind.Denied, Cause: $"{config.Cluster} says {answer.Status}");
        exchange.DropTakenBody();
        exchange.Fail(failure);
        exchange.Record.AnsweredLocally = true;
        ReadOnlyMemory<byte> body = LocalAnswer.Write(exchange, failure, answer.Status);
        if (answer.Body.Length > 0 && !exchange.IsGrpc)
        {
            body = answer.Body;
        }

        AddToAnswer(exchange, answer);
        await exchange.SendOwnAsync(body);
        return false;
    }

    private ValueTask<bool> FailAsync(Exchange exchange, string problem)
    {
        if (config.FailsOpen)
        {
            Tell(exchange, "failure_mode_allowed");
            if (config.TellsFailOpen)
            {
                exchange.Request.Fields.Add(FailureModeAllowed, "true"u8);
            }

            return new(true);
        }

        Tell(exchange, "error");
        exchange.DropTakenBody();
        return RefuseAsync(exchange, new Failure(FailureSide.Local, FailureKind.PolicyUnavailable, Cause: $"{config.Cluster}: {problem}"), config.FailureStatus);
    }
}
