using System.Text;
using System.Text.Json.Nodes;
using Pillion.Core.Signals.Otlp;
using Pillion.Proxy.Configuration;

namespace Pillion.Tests.Support;

/// <summary>A collector over the memory network: it decodes what comes, strictly, and answers as the test says.</summary>
internal sealed class Collector
{
    public const int Port = 4317;

    private readonly ProxyFixture _fixture;
    private readonly OtlpProtocol _protocol;

    public Collector(ProxyFixture fixture, OtlpProtocol protocol = OtlpProtocol.Grpc)
    {
        _fixture = fixture;
        _protocol = protocol;
        Upstream = fixture.Listen(Port);
        if (protocol == OtlpProtocol.Grpc)
        {
            Upstream.SpeakHttp2(answer: AnswerGrpcAsync);
        }
        else
        {
            Upstream.Answer = AnswerHttp;
        }
    }

    public ScriptedUpstream Upstream { get; }

    /// <summary>Heads of the calls so far.</summary>
    public List<string> Heads { get; } = [];

    public List<(OtlpSignal Signal, JsonObject Message)> Messages { get; } = [];

    public IEnumerable<JsonObject> Spans => Items(OtlpSignal.Traces);

    public IEnumerable<JsonObject> Records => Items(OtlpSignal.Logs);

    public IEnumerable<JsonObject> Metrics => Items(OtlpSignal.Metrics);

    /// <summary>0 is OK; other statuses refuse.</summary>
    public Func<int> GrpcStatus { get; set; } = () => 0;

    /// <summary>Trailers beside the status.</summary>
    public string Trailers { get; set; } = "";

    /// <summary>The response message.</summary>
    public byte[] Reply { get; set; } = [];

    public Func<(int Status, string Fields)> HttpStatus { get; set; } = () => (200, "");

    public static ClusterConfig Cluster(OtlpProtocol protocol = OtlpProtocol.Grpc) => new()
    {
        Name = "collector", Balancer = "round_robin", Endpoints = [ProxyFixture.Endpoint(Port)], Protocol = protocol == OtlpProtocol.Grpc ? HttpProtocol.Http2 : HttpProtocol.Http1,
    };

    public void Flush() => _fixture.Wait(_fixture.Role.Exporters.FlushAsync(default), 100_000);

    private IEnumerable<JsonObject> Items(OtlpSignal signal) => Messages.Where(message => message.Signal == signal).SelectMany(message => OtlpSchema.Items(message.Message));

    private async Task AnswerGrpcAsync(Http2Call call)
    {
        call.Read();
        while (!call.IsComplete)
        {
            await _fixture.Loop.DelayAsync(TimeSpan.FromMilliseconds(1));
            if (call.IsCancelled)
            {
                return;
            }
        }

        Heads.Add(call.Head);
        var status = GrpcStatus();
        if (status < 0)
        {
            // Never an answer.
            return;
        }

        if (status != 0)
        {
            (string, string)[] detail = Trailers.Length > 0 ? [(Trailers.Split(": ")[0], Trailers.Split(": ")[1])] : [];
            await call.AnswerAsync(200, "", null, [("content-type", "application/grpc"), ("grpc-status", $"{status}"), .. detail]);
            return;
        }

        var body = Encoding.Latin1.GetBytes(call.Body);
        var flag = body[0];
        var message = body[5..];
        Take(SignalOf(call.Head), flag == 1 ? Unzip(message) : message);
        var frame = new byte[5 + Reply.Length];
        frame[4] = (byte)Reply.Length;
        Reply.CopyTo(frame, 5);
        await call.AnswerAsync(200, Encoding.Latin1.GetString(frame), "grpc-status: 0\n", ("content-type", "application/grpc"));
    }

    private string AnswerHttp(string request)
    {
        var split = request.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4;
        Heads.Add(request[..split]);
        var (status, fields) = HttpStatus();
        if (status != 200)
        {
            return $"HTTP/1.1 {status} X\r\n{fields}Content-Length: 0\r\n\r\n";
        }

        var body = Encoding.Latin1.GetBytes(request[split..]);
        Take(SignalOf(request[..split]), request.Contains("Content-Encoding: gzip\r\n", StringComparison.OrdinalIgnoreCase) ? Unzip(body) : body);
        return $"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: {Reply.Length}\r\n\r\n{Encoding.Latin1.GetString(Reply)}";
    }

    private void Take(OtlpSignal signal, byte[] message) => Messages.Add((signal, OtlpSchema.Decode(signal, message)));

    private static OtlpSignal SignalOf(string head) =>
        head.Contains("race", StringComparison.Ordinal) && (head.Contains("TraceService/Export", StringComparison.Ordinal) || head.Contains("/v1/traces", StringComparison.Ordinal)) ? OtlpSignal.Traces :
        head.Contains("LogsService/Export", StringComparison.Ordinal) || head.Contains("/v1/logs", StringComparison.Ordinal) ? OtlpSignal.Logs : OtlpSignal.Metrics;

    private static byte[] Unzip(byte[] bytes)
    {
        using var zip = new System.IO.Compression.GZipStream(new MemoryStream(bytes), System.IO.Compression.CompressionMode.Decompress);
        using var plain = new MemoryStream();
        zip.CopyTo(plain);
        return plain.ToArray();
    }
}
