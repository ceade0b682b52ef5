using Pillion.Net.Http.Http2.Hpack;
using Xunit;

namespace Pillion.Tests.Net.Http.Http2.Hpack;

public sealed class HpackEncoderTests
{
    private static readonly string[] Names =
    [
        ":path", ":authority", "X-Request-Id", "x-request-id", "Content-Type", "cookie", "Set-Cookie", "Authorization", "X-Custom", "x_custom", "date", "accept-encoding",
        "user-agent", "grpc-timeout", "x-" + "long".PadLeft(200, 'g'),
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void What_is_written_is_what_both_readers_read(int seed)
    {
        var random = new Random(seed);
        var encoder = new HpackEncoder();
        var decoder = new HpackDecoder(4096);
        var reference = new ReferenceHpack(4096);
        for (var block = 0; block < 1_500; block++)
        {
            if (random.Next(20) == 0)
            {
                encoder.SetPeerTableSize(random.Next(3) == 0 ? 0 : random.Next(6000));
            }

            var fields = Enumerable.Range(0, random.Next(1, 20)).Select(_ => Field(random)).ToArray();
            var bytes = Blocks.Encode(encoder, fields);
            var read = reference.Decode(bytes);
            Assert.NotNull(read);
            var expected = Blocks.Text(fields.Select(f => (f.Name.ToLowerInvariant(), f.Value, false)));
            Assert.Equal(expected, Blocks.Text(read.Select(f => (f.Name, f.Value, false))));
            Assert.Equal(Blocks.Text(read), Blocks.Decode(decoder, bytes));
            Assert.Equal(encoder.TableSize, decoder.TableSize);
            Assert.Equal(encoder.TableSize, reference.TableSize);
        }
    }

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    public void Any_bytes_are_read_alike_by_both_readers(int seed)
    {
        var random = new Random(seed);
        var conversations = Enumerable.Range(0, 50).Select(_ => new HpackEncoder())
            .Select(encoder => Enumerable.Range(0, 3).Select(_ => Blocks.Encode(encoder, Enumerable.Range(0, 6).Select(_ => Field(random)))).ToArray()).ToArray();
        var isBroken = 0;
        for (var round = 0; round < 20_000; round++)
        {
            var decoder = new HpackDecoder(4096);
            var reference = new ReferenceHpack(4096);
            foreach (var block in conversations[random.Next(conversations.Length)])
            {
                var bytes = block.ToArray();
                for (var mutations = random.Next(3); mutations > 0; mutations--)
                {
                    bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
                }

                bytes = random.Next(8) == 0 ? bytes[..random.Next(bytes.Length)] : bytes;
                var read = reference.Decode(bytes);
                Assert.Equal(read is null ? "broken" : Blocks.Text(read), Blocks.Decode(decoder, bytes));
                if (read is null)
                {
                    isBroken++;
                    break;
                }

                Assert.Equal(reference.TableSize, decoder.TableSize);
            }
        }

        Assert.InRange(isBroken, 1_000, 19_000);
    }

    [Fact]
    public void A_head_that_is_said_again_takes_few_bytes()
    {
        var encoder = new HpackEncoder();
        (string, string)[] head =
        [
            (":method", "POST"), (":scheme", "http"), (":path", "/orders.Orders/Get"), (":authority", "orders:8080"), ("content-type", "application/grpc"),
            ("te", "trailers"), ("user-agent", "grpc-go/1.60"), ("x-tenant", "blue"),
        ];
        var first = Blocks.Encode(encoder, head);
        Blocks.Encode(encoder, head);
        var third = Blocks.Encode(encoder, head);
        Assert.InRange(first.Length, 50, 120);
        Assert.Equal(head.Length, third.Length);
    }

    [Fact]
    public void A_value_that_never_comes_again_takes_no_place_in_the_table()
    {
        var encoder = new HpackEncoder();
        Blocks.Encode(encoder, ("x-request-id", "0"));
        var size = encoder.TableSize;
        for (var i = 1; i < 100; i++)
        {
            Blocks.Encode(encoder, ("x-request-id", $"{i}"));
        }

        Assert.Equal(size, encoder.TableSize);
    }

    [Theory]
    [InlineData("authorization", "Basic eDp5")]
    [InlineData("Proxy-Authorization", "Basic eDp5")]
    [InlineData("set-cookie", "session=0123456789012345678901234567890123456789")]
    [InlineData("cookie", "pin=1234")]
    public void What_could_be_guessed_is_in_no_table(string name, string value)
    {
        var encoder = new HpackEncoder();
        var decoder = new HpackDecoder(4096);
        for (var i = 0; i < 4; i++)
        {
            var block = Blocks.Encode(encoder, (name, value));
            Assert.Equal($"{name.ToLowerInvariant()}: {value} (sensitive)\n", Blocks.Decode(decoder, block));
        }

        Assert.Equal(0, encoder.TableSize);
        Assert.Equal(0, decoder.TableSize);
    }

    [Fact]
    public void A_field_whose_sender_wants_it_in_no_table_is_passed_on_as_such()
    {
        var encoder = new HpackEncoder();
        var block = Blocks.Encode(encoder, [("x-token", "abc", true), ("content-type", "text/plain", true)]);
        Assert.Equal("x-token: abc (sensitive)\ncontent-type: text/plain (sensitive)\n", Blocks.Decode(new HpackDecoder(4096), block));
    }

    [Fact]
    public void A_table_size_that_went_down_and_up_is_announced_twice()
    {
        var encoder = new HpackEncoder();
        var decoder = new HpackDecoder(4096);
        Blocks.Decode(decoder, Blocks.Encode(encoder, ("x-a", "b")));
        encoder.SetPeerTableSize(0);
        encoder.SetPeerTableSize(10_000);
        var block = Blocks.Encode(encoder, ("x-a", "b"));
        Assert.StartsWith("203FE11F", Convert.ToHexString(block), StringComparison.Ordinal);
        Assert.Equal("x-a: b\n", Blocks.Decode(decoder, block));
        Assert.Equal(encoder.TableSize, decoder.TableSize);
    }

    private static (string Name, string Value, bool Sensitive) Field(Random random)
    {
        var name = Names[random.Next(Names.Length)];
        var kind = random.Next(4);
        var value =
            kind == 0 ? "gzip, deflate" :
            kind == 1 ? $"value {random.Next(4)}" :
            kind == 2 ? new string((char)random.Next(33, 255), random.Next(0, 300)) :
            string.Concat(Enumerable.Range(0, random.Next(0, 60)).Select(_ => (char)random.Next(256)));
        return (name, value, random.Next(10) == 0);
    }
}
