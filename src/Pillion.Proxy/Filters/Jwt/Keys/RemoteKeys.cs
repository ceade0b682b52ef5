using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.Extensions.Logging;
using Pillion.Net.Http;
using Pillion.Net.Loop;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Filters.Jwt.Jose;
using Pillion.Proxy.Upstreams.Calls;

namespace Pillion.Proxy.Filters.Jwt.Keys;

/// <summary>
/// Keys that are fetched from a cluster: when the configuration begins to run, again each time they have grown old, and once more when a token names a key that
/// is not known. One loop fetches for all. What was good stays in use for as long as nothing better comes.
/// </summary>
internal sealed partial class RemoteKeys : KeySource, ILiveFilterState, IDisposable
{
    private const int Most = 1024 * 1024;
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    private readonly RemoteKeysConfig _config;
    private readonly string _provider;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly byte[] _authority;
    private readonly byte[] _path;
    private readonly CallAnswer _answer = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private TaskCompletionSource? _underway = new();
    private CancellationTokenSource _pause = new();
    private ProxyLoop? _loop;
    private long _lastStart;
    private string? _told;
    private volatile ProxySnapshot? _snapshot;
    private volatile JsonWebKeys? _current;
    private volatile string _whyNone = "its keys have not been fetched yet";

    public RemoteKeys(RemoteKeysConfig config, string provider, TimeProvider time, ILogger logger)
    {
        _config = config;
        _provider = provider;
        _time = time;
        _logger = logger;
        _authority = Encoding.ASCII.GetBytes(config.Authority);
        _path = Encoding.ASCII.GetBytes(config.Path);
    }

    public override JsonWebKeys? Current => _current;

    public override string WhyNone => _whyNone;

    public override Task? LookAgain()
    {
        lock (_lock)
        {
            if (_underway is not null)
            {
                return _underway.Task;
            }

            if (_loop is null || _time.GetElapsedTime(_lastStart) < _config.LeastPause)
            {
                return null;
            }

            _underway = new TaskCompletionSource();
            _loop.Events.Post(static state => ((CancellationTokenSource)state!).Cancel(), _pause);
            return _underway.Task;
        }
    }

    public void Published(ProxyLoop loop, ProxySnapshot snapshot)
    {
        _snapshot = snapshot;
        if (_loop is null)
        {
            _loop = loop;
            loop.Events.Post(() => _ = RunAsync(loop));
        }
    }

    public void Dispose()
    {
        if (_loop is { } loop)
        {
            loop.Events.Post(Stop);
        }
        else
        {
            Stop();
        }
    }

    private void Stop()
    {
        _stop.Cancel();
        _pause.Cancel();
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    private async ValueTask RunAsync(ProxyLoop loop)
    {
        var pause = _config.RetryAfter;
        while (!_stop.IsCancellationRequested)
        {
            var problem = await FetchWithRetriesAsync(loop);
            CancellationToken paused;
            lock (_lock)
            {
                // Those who wait may ask again at once, and then find nothing under way.
                _lastStart = _time.GetTimestamp();
                _pause = new CancellationTokenSource();
                paused = _pause.Token;
            }

            pause = problem is null ? _config.RetryAfter : Shorter(pause * 2, LongestPause);

            // Up to a tenth earlier, so that many sidecars do not ask in step.
            var wait = problem is null ? _config.Refresh * (0.9 + (0.1 * loop.Random.NextDouble())) : Shorter(pause / 2, _config.Refresh);
            Complete();
            if (!_stop.IsCancellationRequested)
            {
                await loop.Events.DelayAsync(wait, paused);
            }
        }

        Complete();
    }

    private void Complete()
    {
        TaskCompletionSource? done;
        lock (_lock)
        {
            done = _underway;
            _underway = null;
        }

        done?.TrySetResult();
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<string?> FetchWithRetriesAsync(ProxyLoop loop)
    {
        string? problem = null;
        for (var i = 0; i <= _config.Retries && !_stop.IsCancellationRequested; i++)
        {
            if (i > 0)
            {
                await loop.Events.DelayAsync(TimeSpan.FromMilliseconds(100 << Math.Min(i, 6)), _stop.Token);
            }

            try
            {
                problem = await FetchAsync(loop);
            }
            catch (Exception exception)
            {
                loop.Unhandled(exception);
                problem = exception.GetType().Name;
            }

            if (problem is null)
            {
                break;
            }
        }

        Tell(problem);
        return problem;
    }

    // Null: the keys are good.
    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<string?> FetchAsync(ProxyLoop loop)
    {
        if (_snapshot is not { } snapshot || !snapshot.Clusters.TryGetValue(_config.Cluster, out var cluster))
        {
            return $"there is no cluster {_config.Cluster}";
        }

        var head = RequestHeads.Rent();
        head.Version = cluster.Config.Protocol == HttpProtocol.Http2 ? (byte)20 : (byte)11;
        head.SetMethod(Net.Http.HttpMethod.Get, "GET"u8);
        head.SetTarget(_path);
        head.SetAuthority(_authority);
        head.IsHttps = _config.IsHttps;
        head.Fields.Add(KnownField.Host, _authority);
        head.Fields.Add(KnownField.Accept, "application/jwk-set+json, application/json"u8);
        head.Fields.Add(KnownField.UserAgent, "pillion"u8);
        await ClusterCall.AskAsync(loop, cluster, head, default, _answer, _config.Timeout, _stop.Token, Most);
        RequestHeads.Return(head);
        if (_answer.Problem is { } problem)
        {
            return problem;
        }

        if (_answer.Head.Status != 200)
        {
            return $"it answered with HTTP status {_answer.Head.Status}";
        }

        if (JsonWebKeys.Read(_answer.Body.Span, out var wrong) is not { } keys)
        {
            return $"its answer is no set of keys: {wrong}";
        }

        if (!keys.IsSameAs(_current))
        {
            _current = keys;
            LogFetched(_logger, _provider, keys.Keys.Length, _config.Authority, _config.Path);
            foreach (var unused in keys.Unused)
            {
                LogUnused(_logger, _provider, unused);
            }
        }

        return null;
    }

    // Once for each way to be wrong.
    private void Tell(string? problem)
    {
        if (problem is not null && problem != _told && !_stop.IsCancellationRequested)
        {
            LogFailed(_logger, _provider, _config.Authority, _config.Path, problem, _current is null ? "there are none, and its tokens are refused" : "the ones from before stay in use");
        }

        _told = problem;
        _whyNone = problem is null ? "" : $"its keys could not be fetched: {problem}";
    }

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;

    [LoggerMessage(Level = LogLevel.Information, Message = "jwt provider {Provider}: {Count} keys were fetched from {Authority}{Path}")]
    private static partial void LogFetched(ILogger logger, string provider, int count, string authority, string path);

    [LoggerMessage(Level = LogLevel.Information, Message = "jwt provider {Provider}: {Sentence}")]
    private static partial void LogUnused(ILogger logger, string provider, string sentence);

    [LoggerMessage(Level = LogLevel.Warning, Message = "jwt provider {Provider}: the keys at {Authority}{Path} could not be fetched: {Problem}; {Consequence}")]
    private static partial void LogFailed(ILogger logger, string provider, string authority, string path, string problem, string consequence);
}
