using System.Runtime.CompilerServices;
using System.Text;
using Pillion.Net.Http;
using Pillion.Net.Loop;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Upstreams;
using Pillion.Proxy.Upstreams.Calls;

namespace Pillion.Proxy.Clusters.Health;

/// <summary>Asks by an HTTP request, whose status tells.</summary>
internal sealed class HttpCheck(ProxyLoop loop, ClusterLoop upstreams, HealthCheckConfig config, string cluster) : EndpointCheck(loop, upstreams, config, cluster)
{
    private readonly byte[] _target = Encoding.ASCII.GetBytes(config.Path);
    private readonly byte[] _method = Encoding.ASCII.GetBytes(config.Method);
    private readonly CallAnswer _answer = new();

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    public override async ValueTask<CheckResult> AskAsync(Endpoint endpoint, CancellationToken stop)
    {
        var head = RequestHeads.Rent();
        head.Clear();
        head.Version = 11;
        head.SetMethod(HttpMethods.Identify(_method), _method);
        head.SetTarget(_target);
        head.SetAuthority(Authority);
        head.Fields.Add(KnownField.UserAgent, UserAgent);
        foreach (var header in Config.Headers.AsSpan())
        {
            head.Fields.Add(Encoding.ASCII.GetBytes(header.Name), Encoding.UTF8.GetBytes(header.Value));
        }

        await ClusterCall.CheckAsync(Loop, Upstreams, endpoint, head, default, _answer, Config.Timeout, stop, Config.ReuseConnection);
        RequestHeads.Return(head);
        if (_answer.Problem is { } problem)
        {
            return new(CheckOutcome.NoAnswer, problem);
        }

        var status = _answer.Head.Status;
        return IsAmong(Config.ExpectedStatuses.AsSpan(), status) ? default :
            new(IsAmong(Config.RetriableStatuses.AsSpan(), status) ? CheckOutcome.Failed : CheckOutcome.Refused, $"it answered {status}");
    }

    private static bool IsAmong(ReadOnlySpan<StatusRange> ranges, int status)
    {
        foreach (var range in ranges)
        {
            if (range.Contains(status))
            {
                return true;
            }
        }

        return false;
    }
}
