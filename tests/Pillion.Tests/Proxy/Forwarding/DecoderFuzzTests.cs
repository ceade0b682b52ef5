using System.Text;
using Pillion.Net.Memory;
using Pillion.Proxy.Forwarding.Coding;
using Pillion.Tests.Proxy.Filters;
using Xunit;

namespace Pillion.Tests.Proxy.Forwarding;

/// <summary>What a client packs is anybody's bytes: a decoder ends, within its bounds, and never throws.</summary>
public sealed class DecoderFuzzTests
{
    private const int MaxBytes = 256 * 1024;

    [Theory]
    [InlineData("gzip", 1)]
    [InlineData("br", 2)]
    public void Changed_bytes_are_decoded_or_refused_however_they_are_cut(string coding, int seed)
    {
        var random = new Random(seed);
        using var slabs = new SlabPool();
        var refused = 0;
        for (var round = 0; round < 600; round++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(1, 3000)).Select(_ => (char)random.Next(random.Next(1, 256))));
            var bytes = Encoding.Latin1.GetBytes(coding == "br" ? Packed.Brotli(text) : Packed.Gzip(text));
            for (var change = random.Next(4); change > 0; change--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            bytes = round % 3 == 0 ? bytes[..random.Next(bytes.Length)] : round % 10 == 1 ? [.. bytes, .. "more"u8] : bytes;
            refused += Decode(coding, bytes, random, slabs) ? 0 : 1;
        }

        Assert.InRange(refused, 100, 599);
        Assert.Equal(0, slabs.Rented);
    }

    private static bool Decode(string coding, byte[] bytes, Random random, SlabPool slabs)
    {
        using var decoder = new CappedBody(coding == "br" ? new UnbrotliBody() : new UngzipBody(), MaxBytes, maxRatio: 1000, "too large");
        long length = 0;
        for (var at = 0; at <= bytes.Length;)
        {
            var isLast = at == bytes.Length;
            var piece = isLast ? 0 : random.Next(1, Math.Min(200, bytes.Length - at) + 1);
            var input = slabs.Rent();
            input.TryAppend(bytes.AsSpan(at, piece));
            at += isLast ? 1 : piece;
            var count = piece;
            CodingResult result;
            do
            {
                var output = slabs.Rent();
                result = decoder.Code(input, ref count, output, isLast ? CodingStep.Finish : CodingStep.Go);
                length += output.Length;
                slabs.Return(output);
                Assert.InRange(length, 0, MaxBytes + SlabPool.Small);
            }
            while (result == CodingResult.OutputFull);

            slabs.Return(input);
            if (result == CodingResult.Corrupt)
            {
                return false;
            }
        }

        return true;
    }
}
