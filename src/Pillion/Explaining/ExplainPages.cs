using System.Buffers;
using System.Globalization;
using System.Text;
using Pillion.Admin;
using Pillion.Core.Configuration;
using Pillion.Core.Signals;
using Pillion.Core.Signals.Records;

namespace Pillion.Explaining;

/// <summary>What the admin port answers to <c>pillion explain</c>: the story of a request, of the newest failure, of a route.</summary>
internal sealed class ExplainPages(RequestRecords records)
{
    private const int DefaultCount = 100;
    private const int MostCount = 1000;

    /// <summary>The requests that an id stands for.</summary>
    public async Task<AdminResponse> OneAsync(AdminRequest request, string id, CancellationToken cancellationToken)
    {
        if (id.Length == 0)
        {
            return AdminResponse.Text(400, "add the request's id, as in /explain/4f2a…; the response carries it as x-request-id");
        }

        var found = await records.MatchesAsync(id, cancellationToken).ConfigureAwait(false);
        if (found.Count == 0)
        {
            return AdminResponse.Text(404, "no such request is remembered: the id is wrong, or so many came after it that it was forgotten");
        }

        // One id or one trace is one story, in however many requests; the beginning of several is a question.
        var isOne = found.All(record => record.Id.Span.SequenceEqual(found[0].Id.Span))
            || found.All(record => !record.TraceId.IsEmpty && record.TraceId.Span.SequenceEqual(found[0].TraceId.Span));
        return isOne
            ? Stories(request, found)
            : AdminResponse.Text(409, $"{found.Count} requests have ids that begin with '{id}'; say more of it:\n{string.Join('\n', found.Select(RecordText.Line))}");
    }

    /// <summary>The newest failure, or a route's newest requests.</summary>
    public async Task<AdminResponse> NewestAsync(AdminRequest request, CancellationToken cancellationToken)
    {
        if (request.Parameter("route") is { Length: > 0 } route)
        {
            return await RouteAsync(request, route, cancellationToken).ConfigureAwait(false);
        }

        if (request.Parameter("last_error") is null)
        {
            return AdminResponse.Text(400, "say what to explain: /explain/ID, /explain?last_error or /explain?route=NAME");
        }

        var found = await records.LatestAsync(1, failuresOnly: true, cancellationToken).ConfigureAwait(false);
        return found.Count == 0 ? AdminResponse.Text(404, "no request has failed since the start") : Stories(request, found);
    }

    private async Task<AdminResponse> RouteAsync(AdminRequest request, string route, CancellationToken cancellationToken)
    {
        var count = DefaultCount;
        if (request.Parameter("count") is { } text && !(int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out count) && count is >= 1 and <= MostCount))
        {
            return AdminResponse.Text(400, $"count is a number from 1 to {MostCount}");
        }

        var newest = await records.LatestAsync(count, failuresOnly: false, cancellationToken, route).ConfigureAwait(false);
        if (newest.Count > 0)
        {
            var story = new RouteStory(route, newest);
            return request.WantsJson ? AdminResponse.WriteJson(200, story.Write) : AdminResponse.Text(200, story.Text(request.Ink));
        }

        var all = await records.LatestAsync(MostCount, failuresOnly: false, cancellationToken).ConfigureAwait(false);
        var known = all.Select(record => record.Route).Where(name => name.Length > 0).Distinct().Order(StringComparer.Ordinal).ToList();
        var hint = NearestName.Of(route, known) is { } nearest ? $"; did you mean '{nearest}'?"
            : known.Count == 0 ? "; none is remembered at all"
            : $"; remembered are those of {string.Join(", ", known.Take(20))}{(known.Count > 20 ? " and others" : "")}";
        return AdminResponse.Text(404, $"no request of route '{route}' is remembered{hint}");
    }

    // JSON is an object a line: the same for a script, however many there are.
    private static AdminResponse Stories(AdminRequest request, IReadOnlyList<RequestRecord> found)
    {
        if (request.WantsJson)
        {
            return AdminResponse.WriteBytes(200, AdminResponse.Json, output =>
            {
                foreach (var record in found)
                {
                    RecordJson.Write(output, record);
                    output.Write("\n"u8);
                }
            });
        }

        var text = new StringBuilder();
        foreach (var record in found)
        {
            text.Append(text.Length > 0 ? "\n" + new string('-', 72) + "\n\n" : "").Append(RecordText.Text(record, request.Ink));
        }

        return AdminResponse.Text(200, text.ToString());
    }
}
