using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Xunit;

namespace Pillion.Tests.Core.Configuration;

/// <summary>Durations, sizes, addresses and names as people write them.</summary>
public sealed class WrittenFormTests
{
    [Theory]
    [InlineData("3s", 3000)]
    [InlineData("250ms", 250)]
    [InlineData("1m30s", 90_000)]
    [InlineData("0.25s", 250)]
    [InlineData("1h", 3_600_000)]
    [InlineData("1d", 86_400_000)]
    [InlineData("0", 0)]
    [InlineData("1500us", 1.5)]
    public void A_duration_is_read(string text, double milliseconds)
    {
        Assert.True(DurationText.TryParse(text, out var duration));
        Assert.Equal(milliseconds, duration.TotalMilliseconds);
    }

    [Theory]
    [InlineData("")]
    [InlineData("3")]
    [InlineData("s")]
    [InlineData("-3s")]
    [InlineData("3 s")]
    [InlineData("1.2.3s")]
    [InlineData(".s")]
    [InlineData("99999999999999999999999999999999s")]
    [InlineData("9223372036854775807s")]
    public void What_is_no_duration_is_refused(string text) => Assert.False(DurationText.TryParse(text, out _));

    [Theory]
    [InlineData("0s")]
    [InlineData("250ms")]
    [InlineData("90s")]
    [InlineData("1h")]
    [InlineData("30d")]
    public void A_duration_is_written_as_it_can_be_read(string text)
    {
        Assert.True(DurationText.TryParse(text, out var duration));
        Assert.True(DurationText.TryParse(DurationText.Format(duration), out var again));
        Assert.Equal(duration, again);
    }

    [Theory]
    [InlineData("65536", 65536)]
    [InlineData("64KiB", 65536)]
    [InlineData("1 MB", 1_000_000)]
    [InlineData("2GiB", 2147483648)]
    public void A_size_is_read(string text, long bytes)
    {
        Assert.True(SizeText.TryParse(text, out var read));
        Assert.Equal(bytes, read);
    }

    [Theory]
    [InlineData("10.0.0.1:80", true)]
    [InlineData("[::1]:80", true)]
    [InlineData("orders.internal:80", true)]
    [InlineData("unix:/run/app.sock", true)]
    [InlineData("::1:80", false)]
    [InlineData("orders internal:80", false)]
    [InlineData("orders/path:80", false)]
    [InlineData("orders:0", false)]
    [InlineData("[orders]:80", false)]
    [InlineData("http://orders:80", false)]
    public void An_address_is_read(string text, bool isRight) => Assert.Equal(isRight, AddressText.TryParse(text, listening: false, out _, out _));

    [Theory]
    [InlineData("timout", "timeout")]
    [InlineData("retires", "retries")]
    [InlineData("connect-timeout", "connect_timeout")]
    [InlineData("Timeout", "timeout")]
    [InlineData("bananas", null)]
    [InlineData("http2", null)]
    public void The_nearest_name_is_what_may_have_been_meant(string written, string? meant) =>
        Assert.Equal(meant, NearestName.Of(written, ["timeout", "retries", "connect_timeout", "http1"]));

    [Fact]
    public void A_value_in_a_message_stays_on_one_line() =>
        Assert.Equal(@"'a\nb\u001b[31m'", ConfigError.Quote("a\nb\u001b[31m"));
}
