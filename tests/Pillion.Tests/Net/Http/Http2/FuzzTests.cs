using Pillion.Net.Http;
using Pillion.Net.Http.Http2;
using Pillion.Net.Http.Http2.Hpack;
using Pillion.Tests.Net.Http.Http2.Hpack;
using Xunit;
using static Pillion.Tests.Net.Http.Http2.FramePeer;

namespace Pillion.Tests.Net.Http.Http2;

/// <summary>
/// Frames mutated from fixed seeds, in any order and cut anywhere. Nothing throws, nothing is leaked; a connection that ends says why with a
/// code, and one that lives serves on.
/// </summary>
public sealed class FuzzTests
{
    private const int Rounds = 1_500;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void A_server_bears_any_frames(int seed)
    {
        var random = new Random(seed);
        var lived = 0;
        for (var round = 0; round < Rounds; round++)
        {
            using var fixture = new Http2Fixture(
                Http2Settings.Default with { MaxConcurrentStreams = random.Next(1, 5), StreamWindow = random.Next(1, 2000) },
                rules: HttpRules.Default with { MaxHeadBytes = random.Next(200, 3000), MaxFields = random.Next(4, 30) },
                bytesPerReceive: random.Next(3) == 0 ? random.Next(1, 50) : 0);
            fixture.App = stream => ServeAsync(random, stream);
            var peer = new FramePeer(fixture, fixture.ClientSocket);
            fixture.StartServer();
            peer.Send(Hello, SettingsAck);
            var encoder = new HpackEncoder();
            for (var i = random.Next(1, 12); i > 0; i--)
            {
                peer.Send([.. Enumerable.Range(0, random.Next(1, 5)).Select(_ => Mutate(random, ClientFrame(random, encoder)))]);
            }

            lived += Check(fixture, peer, fixture.End is not null || peer.IsEnded);
            fixture.Advance(TimeSpan.FromSeconds(random.Next(3) * 6));
        }

        // Mild enough that the check is not empty, wild enough that it is worth it.
        Assert.InRange(lived, Rounds / 20, Rounds * 19 / 20);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(6)]
    public void A_client_bears_any_frames(int seed)
    {
        var random = new Random(seed);
        var lived = 0;
        for (var round = 0; round < Rounds; round++)
        {
            using var fixture = new Http2Fixture(
                client: Http2Settings.Default with { StreamWindow = random.Next(1, 2000) },
                rules: HttpRules.Default with { MaxHeadBytes = random.Next(200, 3000) },
                bytesPerReceive: random.Next(3) == 0 ? random.Next(1, 50) : 0);
            var peer = new FramePeer(fixture, fixture.ServerSocket);
            fixture.StartClient();
            peer.Send(Settings(), SettingsAck);
            var asked = new List<Task<Http2Fixture.Answer>>();
            var encoder = new HpackEncoder();
            for (var i = random.Next(1, 12); i > 0; i--)
            {
                if (!fixture.Client.IsClosed && !fixture.Client.IsGoingAway && random.Next(2) == 0)
                {
                    asked.Add(fixture.AskAsync(Http2Fixture.Head(random.Next(5) == 0 ? "HEAD" : "POST"), random.Next(2) == 0 ? null : new string('x', random.Next(100_000))));
                }

                peer.Send([.. Enumerable.Range(0, random.Next(1, 5)).Select(_ => Mutate(random, UpstreamFrame(random, encoder, asked.Count)))]);
            }

            lived += Check(fixture, peer, fixture.Client.IsClosed);
            fixture.OnLoop(() => fixture.Client.Close(goAway: random.Next(2) == 0));
            peer.Close();
            Assert.All(asked, task => Assert.True(task.IsCompletedSuccessfully, task.Exception?.ToString() ?? "an answer is awaited for ever"));
            Assert.Equal(0, fixture.Client.ActiveStreams);
        }

        Assert.InRange(lived, Rounds / 20, Rounds * 19 / 20);
    }

    private static int Check(Http2Fixture fixture, FramePeer peer, bool isOver)
    {
        var text = peer.Take();
        if (!isOver)
        {
            Assert.DoesNotContain("GOAWAY", text, StringComparison.Ordinal);
            return 1;
        }

        if (fixture.End is null or { Reason: Http2EndReason.Violated, Error: Pillion.Net.Sockets.IoError.None })
        {
            Assert.Matches(@"GOAWAY \d+ (ProtocolError|FrameSizeError|FlowControlError|CompressionError|StreamClosed|EnhanceYourCalm|NoError)\n", text);
        }

        return 0;
    }

    private static async Task ServeAsync(Random random, Http2ServerStream stream)
    {
        switch (random.Next(6))
        {
            case 0:
                stream.Abort(reset: true);
                break;
            case 1:
                var leaving = new Leaving();
                stream.ClientWatcher = leaving;
                await leaving.Done.Task;
                break;
            case 2:
                stream.WriteHead(new ResponseHead { Status = 200, Body = BodyKind.Chunked }, close: false);
                await Http2Fixture.SendAsync(stream, new string('x', random.Next(200_000)));
                await stream.FinishAsync(null);
                break;
            default:
                await Http2Fixture.AnswerHelloAsync(stream);
                break;
        }
    }

    private static byte[] ClientFrame(Random random, HpackEncoder encoder)
    {
        var id = (random.Next(8) * 2) + 1;
        switch (random.Next(12))
        {
            case < 5:
                var block = Blocks.Encode(encoder, (":method", random.Next(3) == 0 ? "POST" : "GET"), (":scheme", "http"), (":path", $"/{random.Next(5)}"),
                    (":authority", "orders"), ("x-a", new string('a', random.Next(300))), ("content-type", "b"), ("cookie", "a=b"), ("cookie", "c=d"));
                return HeadersFrames(random, id, block);
            case 5:
                return HeadersFrames(random, id, Blocks.Encode(encoder, ("x-sum", $"{random.Next(9)}")));
            default:
                return AnyFrame(random, id);
        }
    }

    private static byte[] UpstreamFrame(Random random, HpackEncoder encoder, int asked)
    {
        var id = (random.Next(random.Next(20) == 0 ? 6 : Math.Max(1, asked)) * 2) + 1;
        switch (random.Next(12))
        {
            case < 5:
                var block = Blocks.Encode(encoder, (":status", random.Next(5) == 0 ? "103" : "200"), ("x-a", new string('a', random.Next(300))), ("server", "b"));
                return HeadersFrames(random, id, block);
            case 5:
                return HeadersFrames(random, id, Blocks.Encode(encoder, ("grpc-status", $"{random.Next(9)}")));
            default:
                return AnyFrame(random, id);
        }
    }

    private static byte[] HeadersFrames(Random random, int id, byte[] block)
    {
        var ends = random.Next(2) == 0 ? FrameFlags.EndStream : 0;
        var cut = random.Next(3) == 0 ? random.Next(block.Length) : block.Length;
        return cut == block.Length
            ? Frame(FrameType.Headers, ends | FrameFlags.EndHeaders, id, block)
            : [.. Frame(FrameType.Headers, ends, id, block[..cut]), .. Frame(FrameType.Continuation, FrameFlags.EndHeaders, id, block[cut..])];
    }

    private static byte[] AnyFrame(Random random, int id) => random.Next(9) switch
    {
        0 => Data(id, random.Next(2) == 0, new string('d', random.Next(1500))),
        1 => Frame(FrameType.Data, FrameFlags.Padded | random.Next(2), id, [3, 1, 2, 3, 0, 0, 0]),
        2 => WindowUpdate(random.Next(2) * id, random.Next(100_000)),
        3 => Reset(id, (Http2Error)random.Next(15)),
        4 => Ping((ulong)random.NextInt64()),
        5 => Settings(((SettingId)random.Next(10), random.Next(4) == 0 ? random.NextInt64(1L << 32) : 20_000)),
        6 => Frame(FrameType.Priority, 0, id, 0, 0, 0, 1, 2),
        7 => random.Next(5) == 0 ? GoAway(random.Next(10), Http2Error.NoError) : Ping(1),
        _ when random.Next(4) > 0 => Ping(2),
        _ => Frame((FrameType)random.Next(12), random.Next(256), random.Next(3) * id, new byte[random.Next(20)]),
    };

    private static byte[] Mutate(Random random, byte[] frame)
    {
        if (random.Next(12) == 0 && frame.Length > 0)
        {
            frame[random.Next(frame.Length)] = (byte)random.Next(256);
        }

        return random.Next(40) == 0 ? frame[..random.Next(frame.Length)] : frame;
    }
}
