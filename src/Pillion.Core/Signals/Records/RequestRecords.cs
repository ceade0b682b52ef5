using System.Text;

namespace Pillion.Core.Signals.Records;

/// <summary>
/// The finished requests of all loops, for the admin port. A loop copies its own records when asked (the question is posted to it), so the
/// rings need neither lock nor fence, and a request pays nothing for being explainable.
/// </summary>
internal sealed class RequestRecords(TimeProvider time)
{
    // A loop that does not answer is stuck; the others' records are worth having all the same.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    // More than these under one id or beginning are told of by their number.
    private const int MostMatches = 64;

    private readonly List<(RecordRing Ring, Action<Action> Post)> _loops = [];

    /// <summary>Adds a loop, at composition; <paramref name="post"/> runs an action on that loop's thread.</summary>
    public void Add(RecordRing ring, Action<Action> post) => _loops.Add((ring, post));

    public async Task<RequestRecord?> FindAsync(string id, CancellationToken cancellationToken)
    {
        var bytes = Encoding.UTF8.GetBytes(id);
        var answers = await AskAsync(ring => ring.Find(bytes), cancellationToken).ConfigureAwait(false);
        return answers.FirstOrDefault(record => record is not null);
    }

    /// <summary>
    /// The requests that an id stands for, oldest first: a request that passed inbound and caused others outbound shares its id with them, and its trace.
    /// A whole request id is preferred to a whole trace id, and that to the beginning of either.
    /// </summary>
    public async Task<IReadOnlyList<RequestRecord>> MatchesAsync(string id, CancellationToken cancellationToken)
    {
        var bytes = Encoding.UTF8.GetBytes(id);
        var answers = await AskAsync(
            ring =>
            {
                var records = new List<RequestRecord>();
                ring.CopyMatches(records, bytes, MostMatches);
                return records;
            },
            cancellationToken).ConfigureAwait(false);
        var all = answers.SelectMany(records => records ?? []).OrderBy(record => record.StartedUtcTicks).ToList();
        return
            all.FindAll(record => record.Id.Span.SequenceEqual(bytes)) is { Count: > 0 } byId ? byId :
            all.FindAll(record => record.TraceId.Span.SequenceEqual(bytes)) is { Count: > 0 } byTrace ? byTrace : all;
    }

    /// <summary>The newest records over all loops, newest first.</summary>
    /// <param name="route">Only those of this route; null is all.</param>
    public async Task<IReadOnlyList<RequestRecord>> LatestAsync(int count, bool failuresOnly, CancellationToken cancellationToken, string? route = null)
    {
        var answers = await AskAsync(
            ring =>
            {
                var records = new List<RequestRecord>();
                ring.CopyLatest(records, count, failuresOnly, route);
                return records;
            },
            cancellationToken).ConfigureAwait(false);
        return [.. answers.SelectMany(records => records ?? []).OrderByDescending(record => record.StartedUtcTicks).Take(count)];
    }

    private async Task<T?[]> AskAsync<T>(Func<RecordRing, T?> question, CancellationToken cancellationToken)
        where T : class
    {
        var answers = _loops.Select(loop =>
        {
            var answer = new TaskCompletionSource<T?>(TaskCreationOptions.RunContinuationsAsynchronously);
            loop.Post(() =>
            {
                try
                {
                    answer.SetResult(question(loop.Ring));
                }
                catch (Exception e)
                {
                    answer.SetException(e);
                }
            });
            return InTimeAsync(answer.Task, cancellationToken);
        });
        return await Task.WhenAll(answers).ConfigureAwait(false);
    }

    private async Task<T?> InTimeAsync<T>(Task<T?> answer, CancellationToken cancellationToken)
        where T : class
    {
        try
        {
            return await answer.WaitAsync(Patience, time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            return null;
        }
    }
}
