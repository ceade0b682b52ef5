using System.Collections.Concurrent;
using System.Net.Sockets;

namespace Pillion.EndToEnd.Support;

/// <summary>
/// Requests without a pause until told to stop, some over connections that are kept, some each over a new one. A connection that announced its close is left, as a client
/// must; anything else that goes wrong is a failure with its reason.
/// </summary>
internal sealed class Load
{
    private readonly ConcurrentDictionary<string, int> _failures = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _workers = [];
    private readonly int _port;
    private readonly Func<RawAnswer, bool> _isRight;
    private readonly string[] _requests;
    private int _done;

    private Load(int port, string[] requests, Func<RawAnswer, bool> isRight)
    {
        _port = port;
        _requests = requests;
        _isRight = isRight;
    }

    public int Done => Volatile.Read(ref _done);

    /// <param name="requests">Whole requests, sent in turn.</param>
    public static Load Start(int port, string[] requests, int kept, int fresh, Func<RawAnswer, bool> isRight)
    {
        var load = new Load(port, requests, isRight);
        for (var i = 0; i < kept + fresh; i++)
        {
            var keep = i < kept;
            load._workers.Add(Task.Run(() => load.WorkAsync(keep)));
        }

        return load;
    }

    public async Task ReachAsync(int more)
    {
        var target = Done + more;
        await Eventually.IsTrue(() => Done >= target || _failures.Count > 0, $"{more} more requests");
    }

    /// <summary>Stops, and tells what failed; empty when nothing did.</summary>
    public async Task<string> StopAsync()
    {
        await _stop.CancelAsync();
        await Eventually.Within(Task.WhenAll(_workers), "the load's last requests");
        return string.Join('\n', _failures.Select(pair => $"{pair.Value} x {pair.Key}"));
    }

    private async Task WorkAsync(bool keep)
    {
        RawClient? client = null;
        for (var turn = 0; !_stop.IsCancellationRequested; turn++)
        {
            var isReused = client is not null;
            try
            {
                client ??= await RawClient.ConnectAsync(_port);
                await client.SendAsync(_requests[turn % _requests.Length]);
                var answer = await client.AnswerAsync();
                if (answer is null)
                {
                    Fail(isReused ? "a kept connection was closed without an announcement" : "a new connection was closed without an answer");
                }
                else if (!_isRight(answer))
                {
                    Fail($"wrong answer: {answer.Head}\n{answer.Body}");
                }
                else
                {
                    Interlocked.Increment(ref _done);
                }

                if (!keep || answer is null || "close".Equals(answer["Connection"], StringComparison.OrdinalIgnoreCase))
                {
                    client.Dispose();
                    client = null;
                }
            }
            catch (Exception exception) when (exception is SocketException or EndOfStreamException or FormatException or TimeoutException)
            {
                Fail($"{(isReused ? "kept" : "new")} connection: {exception.GetType().Name} {exception.Message}");
                client?.Dispose();
                client = null;
            }
        }

        client?.Dispose();
    }

    private void Fail(string reason) => _failures.AddOrUpdate(reason, 1, (_, count) => count + 1);
}
