using System.Net;
using System.Text;
using Pillion.Core.Configuration;
using Pillion.Core.Resilience;
using Pillion.Core.Signals;
using Pillion.Net;
using Pillion.Net.Http;

namespace Pillion.Tests.Core.Signals;

/// <summary>One served and one failed request, with everything filled in.</summary>
internal static class Sample
{
    public static readonly long Began = new DateTime(2026, 11, 23, 10, 0, 0, DateTimeKind.Utc).Ticks + (123_456 * TimeSpan.TicksPerMicrosecond);

    public static RequestRecord Served(string id = "3e2f0b6c-0000-4000-8000-000000000001")
    {
        var record = new RequestRecord
        {
            StartedUtcTicks = Began,
            Downstream = PeerAddress.From(new IPEndPoint(IPAddress.Parse("10.1.2.3"), 50123)),
            DownstreamLocal = PeerAddress.From(new IPEndPoint(IPAddress.Loopback, 15006)),
            Version = 11,
            Listener = "inbound",
            VirtualHost = "orders",
            Route = "orders-all",
            RouteSource = new SourceLine("pillion.yaml", 14, 7, "outbound.services.orders"),
            Cluster = "orders",
            UpstreamHost = "10.0.0.1:8080",
            Status = 200,
            BytesReceived = 12,
            BytesSent = 345,
            RequestReceivedMicros = 250,
            UpstreamStartedMicros = 1_000,
            UpstreamAnsweredMicros = 5_500,
            DurationMicros = 7_899,
        };
        record.Id.Set(Encoding.ASCII.GetBytes(id));
        record.TraceId.Set("4bf92f3577b34da6a3ce929d0e0e4736"u8);
        record.Method.Set("GET"u8);
        record.Authority.Set("orders.example"u8);
        record.Target.Set("/v1/items?limit=5"u8);
        ref var attempt = ref record.AddAttempt();
        attempt = new Attempt { Endpoint = "10.0.0.1:8080", StartMicros = 900, DurationMicros = 6_000, Status = 200, Reused = true };
        return record;
    }

    public static RequestRecord Refused(string id = "3e2f0b6c-0000-4000-8000-000000000002")
    {
        var record = Served(id);
        record.Status = 503;
        record.AnsweredLocally = true;
        record.Flags = ResponseFlags.UF | ResponseFlags.URX;
        record.Failure = new Failure(FailureSide.Upstream, FailureKind.ConnectRefused, Cause: "Connection refused");
        record.UpstreamAnsweredMicros = -1;
        ref var first = ref record.LastAttempt;
        first.Status = 0;
        first.Reused = false;
        first.Failure = record.Failure;
        ref var second = ref record.AddAttempt();
        second = first;
        second.StartMicros = 2_000;
        record.AddVerdict("rate limit", "let pass", new SourceLine("pillion.yaml", 20, 3, "inbound.limit"));
        return record;
    }

    public static RequestHead Request(params (string Name, string Value)[] fields)
    {
        var head = new RequestHead();
        head.SetMethod(Pillion.Net.Http.HttpMethod.Get, "GET"u8);
        head.SetTarget("/v1/items?limit=5"u8);
        head.SetAuthority("orders.example"u8);
        Fill(head.Fields, fields);
        return head;
    }

    public static ResponseHead Response(params (string Name, string Value)[] fields)
    {
        var head = new ResponseHead { Status = 200 };
        Fill(head.Fields, fields);
        return head;
    }

    public static FieldList Fields(params (string Name, string Value)[] fields)
    {
        var list = new FieldList();
        Fill(list, fields);
        return list;
    }

    private static void Fill(FieldList list, (string Name, string Value)[] fields)
    {
        foreach (var (name, value) in fields)
        {
            list.Add(Encoding.Latin1.GetBytes(name), Encoding.UTF8.GetBytes(value));
        }
    }
}
