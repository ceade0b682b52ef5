using System.Buffers;
using System.Collections.Concurrent;
using System.Text.Json;
using Pillion.Core.Resilience;
using Pillion.Core.Signals;
using Pillion.Core.Signals.Records;
using Xunit;

namespace Pillion.Tests.Core.Signals.Records;

public sealed class RecordRingTests
{
    [Fact]
    public void A_failure_is_still_there_after_a_flood_of_successes()
    {
        var ring = new RecordRing(successes: 20, failures: 4);
        ring.Publish(Sample.Refused("failed"));
        for (var i = 0; i < 1000; i++)
        {
            ring.Publish(Sample.Served($"ok-{i}"));
        }

        Assert.Equal("failed", ring.Find("failed"u8)?.Id.ToString());
        Assert.Null(ring.Find("ok-979"u8));
        Assert.NotNull(ring.Find("ok-980"u8));
        Assert.Equal(21, ring.Count);
    }

    [Fact]
    public void The_newest_come_first_and_the_oldest_go_first()
    {
        var ring = new RecordRing(successes: 40, failures: 40);
        for (var i = 0; i < 100; i++)
        {
            var record = i % 2 == 0 ? Sample.Served($"{i}") : Sample.Refused($"{i}");
            record.StartedUtcTicks += i;
            ring.Publish(record);
        }

        Assert.Equal(Enumerable.Range(20, 80).Reverse().Select(i => $"{i}"), Latest(ring, 1000));
        Assert.Equal(["99", "98", "97"], Latest(ring, 3));
        Assert.Equal(["99", "97", "95"], Latest(ring, 3, failuresOnly: true));
    }

    [Fact]
    public void What_was_found_is_a_copy()
    {
        var ring = new RecordRing(1, 1);
        ring.Publish(Sample.Refused("a"));
        var found = ring.Find("a"u8)!;
        ring.Publish(Sample.Served("b"));
        var next = ring.Rent();
        next.Id.Set("c"u8);
        ring.Publish(Sample.Refused("d"));
        Assert.Equal(RecordText.Text(Sample.Refused("a")), RecordText.Text(found));
    }

    [Fact]
    public void A_used_record_comes_back_empty()
    {
        var ring = new RecordRing(0, 0);
        var record = ring.Rent();
        record.CopyFrom(Sample.Refused());
        ring.Publish(record);
        var again = ring.Rent();
        Assert.Same(record, again);
        Assert.Equal(RecordText.Text(new RequestRecord()), RecordText.Text(again));
    }

    [Fact]
    public void A_full_ring_works_without_allocating()
    {
        var ring = new RecordRing(64, 16);
        var served = Sample.Served();
        Assert.Equal(0, Allocations.Of(() =>
        {
            var record = ring.Rent();
            record.CopyFrom(served);
            ring.Publish(record);
        }));
    }

    [Fact]
    public async Task Loops_answer_questions_about_their_records_while_they_serve()
    {
        var records = new RequestRecords(TimeProvider.System);
        var stop = new CancellationTokenSource();
        var loops = Enumerable.Range(0, 2).Select(loop =>
        {
            var ring = new RecordRing(50, 10);
            var posted = new ConcurrentQueue<Action>();
            records.Add(ring, posted.Enqueue);
            var thread = new Thread(() =>
            {
                for (var i = 0; !stop.IsCancellationRequested; i++)
                {
                    var record = ring.Rent();
                    record.CopyFrom(i % 10 == 0 ? Sample.Refused($"{loop}-latest") : Sample.Served($"{loop}-{i}"));
                    record.BytesSent = record.BytesReceived = i;
                    ring.Publish(record);
                    while (posted.TryDequeue(out var action))
                    {
                        action();
                    }
                }
            });
            thread.Start();
            return thread;
        }).ToList();
        try
        {
            for (var i = 0; i < 50; i++)
            {
                var found = await records.FindAsync("1-latest", CancellationToken.None);
                Assert.True(found is null || (found.Status == 503 && found.BytesSent == found.BytesReceived));
                var latest = await records.LatestAsync(20, failuresOnly: false, CancellationToken.None);
                Assert.All(latest, record => Assert.Equal(record.BytesSent, record.BytesReceived));
            }
        }
        finally
        {
            await stop.CancelAsync();
            loops.ForEach(thread => thread.Join());
        }
    }

    [Fact]
    public void The_explanation_tells_the_whole_story() => Assert.Equal(
        """
        request      GET /v1/items?limit=5 HTTP/1.1
        host         orders.example
        id           3e2f0b6c-0000-4000-8000-000000000002
        trace        4bf92f3577b34da6a3ce929d0e0e4736
        began        2026-11-23T10:00:00.123456Z
        client       10.1.2.3:50123 on listener inbound
        route        orders-all of virtual host orders, pillion.yaml:14: outbound.services.orders
        cluster      orders
        policies     rate limit: let pass (pillion.yaml:20: inbound.limit)
        attempts     1. 10.0.0.1:8080  at   0.900 ms  for   6.000 ms  new connection     connect refused: Connection refused, nothing sent
                     2. 10.0.0.1:8080  at   2.000 ms  for   6.000 ms  new connection     connect refused: Connection refused, nothing sent
        bytes        12 received from the client, 345 sent to it
        times        request in    |##                                      |     0.250 ms
                     attempt 1     |    ###############################     |     6.000 ms
                     attempt 2     |          ##############################|     5.899 ms
                     all           |########################################|     7.899 ms
        answer       503, made by Pillion
        flags        UF (UpstreamConnectionFailure), URX (UpstreamRetryLimitExceeded)

        Pillion answered 503: the upstream at 10.0.0.1:8080 refused the connection (Connection refused), in 2 attempts; nothing listens there; route orders-all (pillion.yaml:14: outbound.services.orders).

        What you can do: Start what should listen there, or correct the endpoint: 'pillion check FILE' shows what the file says, /clusters what is used now. A process that has just started refuses for a moment; 'retries: { on: [connect-failure] }' bridges that.

        """,
        RecordText.Text(Sample.Refused()));

    [Fact]
    public void Attempts_beyond_the_room_are_told()
    {
        var record = Sample.Refused();
        for (var i = 0; i < 6; i++)
        {
            record.AddAttempt() = new Attempt { Endpoint = $"e{i}", Status = 500 };
        }

        var text = RecordText.Text(record);
        Assert.Contains("(2 further attempts are not kept)", text);
        Assert.Contains("8. e5", text);
    }

    [Fact]
    public void A_client_cannot_steer_the_terminal_of_who_asks()
    {
        var record = Sample.Served();
        record.Target.Set("/\u001b[2J\n"u8);
        Assert.Contains("request      GET /\\x1b[2J\\x0a HTTP/1.1\n", RecordText.Text(record));
    }

    [Fact]
    public void The_record_is_json_too()
    {
        var output = new ArrayBufferWriter<byte>();
        RecordJson.Write(output, [Sample.Refused(), new RequestRecord()]);
        using var json = JsonDocument.Parse(output.WrittenMemory);
        var record = json.RootElement[0];
        Assert.Equal(503, record.GetProperty("status").GetInt32());
        Assert.Equal("connect_refused", record.GetProperty("failure").GetProperty("kind").GetString());
        Assert.Equal(2, record.GetProperty("attempts").GetArrayLength());
        Assert.Equal("pillion.yaml:20: inbound.limit", record.GetProperty("verdicts")[0].GetProperty("line").GetString());
        Assert.Equal(7.899, record.GetProperty("duration_ms").GetDouble());
        Assert.Equal("nobody", json.RootElement[1].GetProperty("answered_by").GetString());
    }

    [Fact]
    public void Who_the_client_proved_to_be_is_told()
    {
        var record = Sample.Served();
        record.PeerIdentity = "spiffe://example.org/ns/shop/sa/web";
        Assert.Contains("\nidentity     spiffe://example.org/ns/shop/sa/web (verified)\n", RecordText.Text(record));
        Assert.DoesNotContain("What you can do", RecordText.Text(record));
    }

    [Fact]
    public void Colours_are_for_a_terminal_only()
    {
        Assert.DoesNotContain("\e", RecordText.Text(Sample.Refused()));
        Assert.Contains("\e[31m503, made by Pillion\e[0m", RecordText.Text(Sample.Refused(), new Ink(true)));
    }

    [Fact]
    public void A_whole_id_is_preferred_to_the_beginning_of_one_and_a_trace_finds_all_its_requests()
    {
        var ring = new RecordRing();
        ring.Publish(Sample.Served("ab"));
        ring.Publish(Sample.Refused("abc"));
        Assert.Equal(["ab"], Matches("ab"));
        Assert.Equal(["abc"], Matches("abc"));
        Assert.Equal(["abc", "ab"], Matches("a"));
        Assert.Equal(["abc", "ab"], Matches("4bf92f3577b34da6a3ce929d0e0e4736"));
        Assert.Empty(Matches("b"));

        IEnumerable<string> Matches(string id)
        {
            var found = new List<RequestRecord>();
            ring.CopyMatches(found, System.Text.Encoding.ASCII.GetBytes(id), 10);
            return found.Select(record => record.Id.ToString());
        }
    }

    [Fact]
    public void Every_kind_of_failure_has_a_remedy_of_its_own()
    {
        var remedies = Enum.GetValues<FailureKind>().Where(kind => kind != FailureKind.None).Select(Remedies.For).ToList();
        Assert.All(remedies, remedy => Assert.True(remedy.Length > 40 && remedy.EndsWith('.'), remedy));
        Assert.Equal(remedies.Count, remedies.Distinct().Count());
    }

    private static IEnumerable<string> Latest(RecordRing ring, int count, bool failuresOnly = false)
    {
        var records = new List<RequestRecord>();
        ring.CopyLatest(records, count, failuresOnly);
        return records.Select(record => record.Id.ToString());
    }
}
