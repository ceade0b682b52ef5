using System.Text;
using Pillion.Proxy.Clusters.Balancing;
using Xunit;

namespace Pillion.Tests.Proxy.Clusters.Balancing;

/// <summary>Against published values of XXH64, one for each way through it.</summary>
public sealed class XxHash64Tests
{
    [Theory]
    [InlineData("", 0, 0xEF46DB3751D8E999)]
    [InlineData("a", 0, 0xD24EC4F1A98C6E5B)]
    [InlineData("abc", 0, 0x44BC2CF5AD770999)]
    [InlineData("Nobody inspects the spammish repetition", 0, 0xFBCEA83C8A378BF1)]
    [InlineData("xxhash", 0, 0x32DD38952C4BC720)]
    [InlineData("xxhash", 20141025, 0xB559B98D844E0635)]
    public void It_hashes_as_published(string text, ulong seed, ulong hash) => Assert.Equal(hash, XxHash64.Of(Encoding.ASCII.GetBytes(text), seed));

    [Fact]
    public void Every_bit_of_the_input_changes_about_half_of_the_hash()
    {
        var data = new byte[45];
        new Random(5).NextBytes(data);
        var before = XxHash64.Of(data);
        var changed = 0;
        for (var bit = 0; bit < data.Length * 8; bit++)
        {
            data[bit / 8] ^= (byte)(1 << (bit % 8));
            var bits = System.Numerics.BitOperations.PopCount(XxHash64.Of(data) ^ before);
            Assert.InRange(bits, 10, 54);
            changed += bits;
            data[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        Assert.InRange(changed / (double)(data.Length * 8), 30, 34);
    }
}
