using Pillion.Core.Protobuf;
using Xunit;

namespace Pillion.Tests.Core.Protobuf;

public sealed class ProtobufTests
{
    // protobuf.dev, "Encoding": message Test1 { int32 a = 1; } with a = 150; Test2 { string b = 2; } with "testing"; Test3 { Test1 c = 3; }.
    [Fact]
    public void The_examples_of_the_specification_are_written_as_it_shows_them()
    {
        var writer = new ProtoWriter();
        writer.Int(1, 150);
        Assert.Equal([0x08, 0x96, 0x01], writer.Written.ToArray());

        writer.Clear();
        writer.Text(2, "testing");
        Assert.Equal([0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67], writer.Written.ToArray());

        writer.Clear();
        var at = writer.Begin(3);
        writer.Int(1, 150);
        writer.End(at);
        Assert.Equal([0x1a, 0x03, 0x08, 0x96, 0x01], writer.Written.ToArray());
    }

    [Fact]
    public void What_was_written_is_read_back_whatever_it_is()
    {
        var random = new Random(7);
        var long_ = new byte[300];
        random.NextBytes(long_);
        var writer = new ProtoWriter(4);
        writer.Int(1, -5);
        writer.Fixed(2, ulong.MaxValue);
        writer.Double(3, 1.5);
        writer.Fixed4(4, 7);
        writer.Bool(5, true);
        var outer = writer.Begin(6);
        var inner = writer.Begin(200);
        writer.Bytes(1, long_);
        writer.End(inner);
        writer.End(outer);

        var reader = new ProtoReader(writer.Written);
        Assert.True(reader.Next());
        Assert.Equal(-5, reader.Int);
        Assert.True(reader.Next());
        Assert.Equal(ulong.MaxValue, reader.Number);
        Assert.True(reader.Next());
        Assert.Equal(1.5, reader.Double);
        Assert.True(reader.Next());
        Assert.Equal(7UL, reader.Number);
        Assert.True(reader.Next());
        Assert.True(reader.Bool);
        Assert.True(reader.Next());
        Assert.Equal(6, reader.Field);
        var nested = new ProtoReader(reader.Bytes);
        Assert.True(nested.Next());
        Assert.Equal(200, nested.Field);
        var innermost = new ProtoReader(nested.Bytes);
        Assert.True(innermost.Next());
        Assert.Equal(long_, innermost.Bytes.ToArray());
        Assert.False(innermost.Next());
        Assert.False(reader.Next());
        Assert.False(reader.IsBroken);
    }

    [Theory]
    [InlineData("08")]
    [InlineData("0896")]
    [InlineData("12ff")]
    [InlineData("00")]
    [InlineData("0b")]
    [InlineData("0d000000")]
    [InlineData("08ffffffffffffffffff02")]
    public void What_is_cut_short_or_malformed_is_broken_and_ends(string hex)
    {
        var reader = new ProtoReader(Convert.FromHexString(hex));
        while (reader.Next())
        {
        }

        Assert.True(reader.IsBroken);
    }

    [Fact]
    public void Any_bytes_end_the_reading()
    {
        var random = new Random(11);
        var bytes = new byte[64];
        for (var i = 0; i < 20_000; i++)
        {
            random.NextBytes(bytes);
            var reader = new ProtoReader(bytes);
            var fields = 0;
            while (reader.Next())
            {
                fields++;
            }

            Assert.InRange(fields, 0, bytes.Length);
        }
    }
}
