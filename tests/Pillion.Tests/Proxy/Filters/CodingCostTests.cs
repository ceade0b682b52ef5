using System.Diagnostics;
using System.Text;
using Pillion.Net.Memory;
using Pillion.Proxy.Forwarding.Coding;
using Xunit;

namespace Pillion.Tests.Proxy.Filters;

/// <summary>What coding costs a loop; run by hand, for docs/policies/compression.md.</summary>
public sealed class CodingCostTests
{
    [Theory(Explicit = true)]
    [InlineData("gzip", 1)]
    [InlineData("gzip", 4)]
    [InlineData("gzip", 6)]
    [InlineData("gzip", 9)]
    [InlineData("br", 0)]
    [InlineData("br", 1)]
    [InlineData("br", 3)]
    [InlineData("br", 4)]
    [InlineData("br", 5)]
    public void An_answer_of_64_KB(string coding, int level)
    {
        var text = Encoding.ASCII.GetBytes(Json(64 * 1024));
        using var slabs = new SlabPool();
        Code(text, coding, level, slabs);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Code(text, coding, level, slabs);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        var best = double.MaxValue;
        var packed = 0;
        for (var round = 0; round < 20; round++)
        {
            var start = Stopwatch.GetTimestamp();
            packed = Code(text, coding, level, slabs);
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalMicroseconds);
        }

        TestContext.Current.SendDiagnosticMessage($"{coding} {level}: {text.Length} -> {packed} bytes, {best:0} us, {allocated} managed bytes");
        Console.WriteLine($"{coding} {level}: {text.Length} -> {packed} bytes, {best:0} us, {allocated} managed bytes");
    }

    // As the relay does it: pieces of 16 KiB into slabs of 32.
    private static int Code(byte[] text, string coding, int level, SlabPool slabs)
    {
        using BodyCoder coder = coding == "br" ? new BrotliBody(level, 16) : new GzipBody(level);
        var packed = 0;
        for (var at = 0; at <= text.Length; at += 16 * 1024)
        {
            var input = slabs.Rent(16 * 1024);
            input.TryAppend(text.AsSpan(at, Math.Min(16 * 1024, text.Length - at)));
            var count = input.Length;
            CodingResult result;
            do
            {
                var output = slabs.Rent(SlabPool.Medium);
                result = coder.Code(input, ref count, output, at == text.Length ? CodingStep.Finish : CodingStep.Go);
                packed += output.Length;
                slabs.Return(output);
            }
            while (result == CodingResult.OutputFull);

            slabs.Return(input);
        }

        return packed;
    }

    private static string Json(int length)
    {
        var random = new Random(1);
        var text = new StringBuilder("[");
        string[] names = ["alpha", "bravo", "charlie", "delta", "echo", "foxtrot"];
        while (text.Length < length)
        {
            text.Append($$"""{"id":{{random.Next(1_000_000)}},"name":"{{names[random.Next(6)]}}-{{random.Next(1000)}}","price":{{random.Next(10_000) / 100.0:0.00}},"tags":["{{names[random.Next(6)]}}","{{names[random.Next(6)]}}"],"updated":"2026-11-{{random.Next(1, 30):00}}T{{random.Next(24):00}}:{{random.Next(60):00}}:00Z"},""");
        }

        return text.ToString(0, length);
    }
}
