using System.Text;
using Pillion.Core.Signals.Tracing;
using Pillion.Net.Http;
using Xunit;

namespace Pillion.Tests.Core.Signals.Tracing;

public sealed class B3Tests
{
    private const string Trace = "80f198ee56343ba864fe8b2a57d3eff7";
    private const string Span = "e457b5a2e4d86bd1";

    [Theory]
    [InlineData($"{Trace}-{Span}-1-05e3ac9a4f6e3b90", true, true)]
    [InlineData($"{Trace}-{Span}-0", true, false)]
    [InlineData($"{Trace}-{Span}-d", true, true)]
    [InlineData($"{Trace}-{Span}", true, null)]
    [InlineData($"64fe8b2a57d3eff7-{Span}-1", true, true)]
    [InlineData("0", true, false)]
    [InlineData("d", true, true)]
    [InlineData("", false, null)]
    [InlineData("x", false, null)]
    [InlineData($"{Trace}-{Span}-2", false, null)]
    [InlineData($"{Trace}-{Span}-1-05e3ac9a", false, null)]
    [InlineData($"{Trace}-{Span}-", false, null)]
    [InlineData($"{Trace}-{Span}1", false, null)]
    [InlineData($"{Trace}-0000000000000000-1", false, null)]
    [InlineData($"00000000000000000000000000000000-{Span}-1", false, null)]
    [InlineData($"80f198-{Span}-1", false, null)]
    [InlineData($"{Trace}-e457-1", false, null)]
    [InlineData($"zzz198ee56343ba864fe8b2a57d3eff7-{Span}-1", false, null)]
    public void The_single_field_is_read_as_the_specification_has_it(string value, bool isRead, bool? sampled)
    {
        Assert.Equal(isRead, B3.TryReadSingle(Encoding.ASCII.GetBytes(value), out var received));
        if (isRead)
        {
            Assert.Equal(sampled, received.IsSampled);
            Assert.Equal(value.Length > 1, received.HasTrace);
            Assert.Equal(received.HasTrace ? 0x64fe8b2a57d3eff7UL : 0, received.Low);
            Assert.Equal(value.StartsWith(Trace, StringComparison.Ordinal) ? 0x80f198ee56343ba8UL : 0, received.High);
        }
    }

    [Fact]
    public void What_is_written_is_read_again_in_both_forms_and_one_form_removes_the_other()
    {
        var trace = new TracePosition { High = 0x80f198ee56343ba8, Low = 0x64fe8b2a57d3eff7, IsSampled = true };
        foreach (var multi in new[] { true, false, true })
        {
            var fields = new FieldList();
            fields.Add("B3"u8, "0"u8);
            fields.Add("x-b3-flags"u8, "1"u8);
            fields.Add("x-b3-parentspanid"u8, "05e3ac9a4f6e3b90"u8);
            B3.Inject(fields, trace, 0xe457b5a2e4d86bd1, multi);
            Assert.True(B3.TryRead(fields, out var received));
            Assert.Equal((trace.High, trace.Low, 0xe457b5a2e4d86bd1UL, true), (received.High, received.Low, received.Parent, received.IsSampled));
            Assert.Equal(multi ? 3 : 1, Enumerable.Range(0, fields.Count).Count(fields.IsPresent));
        }
    }

    [Fact]
    public void No_bytes_make_it_fail()
    {
        var chance = new Random(1);
        var valid = Encoding.ASCII.GetBytes($"{Trace}-{Span}-1-05e3ac9a4f6e3b90");
        for (var i = 0; i < 50_000; i++)
        {
            var bytes = valid[..chance.Next(valid.Length + 1)];
            for (var edits = chance.Next(4); edits > 0 && bytes.Length > 0; edits--)
            {
                bytes[chance.Next(bytes.Length)] = (byte)chance.Next(256);
            }

            if (B3.TryReadSingle(bytes, out var received))
            {
                Assert.True(received.HasTrace || received.IsSampled is not null);
            }
        }
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 0.01)]
    [InlineData(25, 0.25)]
    [InlineData(100, 1)]
    public void A_share_of_trace_ids_is_that_share(double percent, double share)
    {
        var ratio = new TraceRatio(percent);
        var chance = new Random(1);
        var count = Enumerable.Range(0, 100_000).Count(_ => ratio.Includes((ulong)chance.NextInt64()));
        Assert.InRange(count / 100_000.0, share * 0.93, share * 1.07);
        Assert.True(percent < 100 || ratio.Includes(ulong.MaxValue));
    }
}
