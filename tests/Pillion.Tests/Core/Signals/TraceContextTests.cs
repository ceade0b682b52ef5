using System.Text;
using Pillion.Core.Signals;
using Pillion.Core.Signals.Tracing;
using Xunit;

namespace Pillion.Tests.Core.Signals;

public sealed class TraceContextTests
{
    private const string Valid = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    private readonly RandomBytes _random = new(Enumerable.Range(1, 32).Select(i => (byte)i).ToArray());

    [Theory]
    [InlineData(Valid, true)]
    [InlineData("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00", true)]
    [InlineData("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", true)]
    [InlineData("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-the-future-brings", true)]
    [InlineData("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.what", false)]
    [InlineData("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-", false)]
    [InlineData("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0", false)]
    [InlineData("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0x", false)]
    [InlineData("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", false)]
    [InlineData("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", false)]
    [InlineData("00-00000000000000000000000000000000-00f067aa0ba902b7-01", false)]
    [InlineData("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", false)]
    [InlineData("00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", false)]
    [InlineData("", false)]
    public void Validity_follows_the_recommendation(string value, bool valid) =>
        Assert.Equal(valid, TraceContext.IsValid(Encoding.ASCII.GetBytes(value)));

    [Fact]
    public void A_valid_value_is_read_and_written_again_as_it_was()
    {
        Assert.True(TraceContext.TryRead(Encoding.ASCII.GetBytes(Valid), out var received));
        Assert.Equal((0x4bf92f3577b34da6UL, 0xa3ce929d0e0e4736UL, 0x00f067aa0ba902b7UL, true), (received.High, received.Low, received.Parent, received.IsSampled));
        var output = new byte[TraceContext.Length];
        TraceContext.Write(output, new TracePosition { High = received.High, Low = received.Low, IsSampled = true }, received.Parent);
        Assert.Equal(Valid, Encoding.ASCII.GetString(output));
    }

    [Fact]
    public void Whatever_comes_in_what_is_read_of_it_is_what_it_says()
    {
        var chance = new Random(1);
        var output = new byte[TraceContext.Length];
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = Encoding.ASCII.GetBytes(Valid);
            for (var edits = chance.Next(4); edits > 0; edits--)
            {
                bytes[chance.Next(bytes.Length)] = (byte)chance.Next(256);
            }

            Array.Resize(ref bytes, Math.Max(0, bytes.Length + chance.Next(-3, 4)));
            var isRead = TraceContext.TryRead(bytes, out var received);
            Assert.Equal(TraceContext.IsValid(bytes), isRead);
            if (isRead)
            {
                TraceContext.Write(output, new TracePosition { High = received.High, Low = received.Low, IsSampled = received.IsSampled!.Value }, received.Parent);
                Assert.True(TraceContext.IsValid(output));
                Assert.Equal(bytes[2..52], output[2..52]);
            }
        }
    }

    [Fact]
    public void Request_ids_are_random_uuids_and_all_different()
    {
        var ids = new RequestIds(_random);
        var seen = new HashSet<string>();
        var bytes = new byte[RequestIds.Length];
        for (var i = 0; i < 10_000; i++)
        {
            ids.Write(bytes);
            var text = Encoding.ASCII.GetString(bytes);
            Assert.True(Guid.TryParseExact(text, "D", out var guid));
            Assert.Equal(4, guid.Version);
            Assert.InRange(guid.Variant, 8, 11);
            Assert.True(seen.Add(text));
        }
    }

    [Theory]
    [InlineData("abc-123", true)]
    [InlineData("", false)]
    [InlineData("with space", false)]
    [InlineData("tab\there", false)]
    public void Foreign_ids_are_kept_when_they_can_be_asked_for(string id, bool usable) =>
        Assert.Equal(usable, RequestIds.IsUsable(Encoding.ASCII.GetBytes(id)));

    [Fact]
    public void Ids_and_spans_allocate_nothing()
    {
        var ids = new RequestIds(_random);
        var bytes = new byte[64];
        var value = Encoding.ASCII.GetBytes(Valid);
        Assert.Equal(0, Allocations.Of(() =>
        {
            ids.Write(bytes);
            TraceContext.TryRead(value, out var received);
            TraceContext.Write(bytes, new TracePosition { High = received.High, Low = received.Low }, _random.NextNotZero());
        }));
    }
}
