using System.Text;
using Pillion.Net.Http;
using Pillion.Proxy.Grpc;
using Xunit;

namespace Pillion.Tests.Proxy.Grpc;

public sealed class GrpcTimeoutTests
{
    [Theory]
    [InlineData("1H", 3_600_000)]
    [InlineData("2M", 120_000)]
    [InlineData("3S", 3_000)]
    [InlineData("250m", 250)]
    [InlineData("1500u", 1.5)]
    [InlineData("99999999n", 99.9999)]
    [InlineData("0S", 0)]
    public void Every_unit_is_read(string text, double millis) => Assert.Equal(millis, Read(text)!.Value.TotalMilliseconds, 0.001);

    [Theory]
    [InlineData("")]
    [InlineData("S")]
    [InlineData("10")]
    [InlineData("-1S")]
    [InlineData("1.5S")]
    [InlineData(" 1S")]
    [InlineData("123456789S")]
    [InlineData("1s")]
    [InlineData("1X")]
    public void What_is_no_timeout_is_none(string text) => Assert.Null(Read(text));

    [Theory]
    [InlineData(1, "1m")]
    [InlineData(0.2, "1m")]
    [InlineData(99_999_999, "99999999m")]
    [InlineData(100_000_000, "100000S")]
    public void It_is_written_in_eight_digits_at_most(double millis, string text)
    {
        Span<byte> bytes = stackalloc byte[GrpcTimeout.MaxBytes];
        Assert.Equal(text, Encoding.ASCII.GetString(bytes[..GrpcTimeout.Write(bytes, TimeSpan.FromMilliseconds(millis))]));
    }

    private static TimeSpan? Read(string text)
    {
        var fields = new FieldList();
        fields.Add(KnownField.GrpcTimeout, Encoding.ASCII.GetBytes(text));
        return GrpcTimeout.Read(fields);
    }
}
