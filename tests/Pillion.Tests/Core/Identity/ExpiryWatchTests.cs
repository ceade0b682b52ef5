using Microsoft.Extensions.Logging;
using Pillion.Core.Identity.Secrets;
using Pillion.Tests.Support;
using Xunit;

namespace Pillion.Tests.Core.Identity;

public sealed class ExpiryWatchTests
{
    private static readonly DateTimeOffset Begin = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly CollectedLogger _log = new();

    [Fact]
    public void Nothing_is_said_before_a_quarter_of_the_life_is_left()
    {
        var watch = new ExpiryWatch(_log);
        watch.Look("cert.pem", Life(TimeSpan.FromHours(24)), Begin + TimeSpan.FromHours(17.9));
        Assert.Empty(_log.Lines);
        watch.Look("cert.pem", Life(TimeSpan.FromHours(24)), Begin + TimeSpan.FromHours(18));
        var line = Assert.Single(_log.Lines);
        Assert.Equal((LogLevel.Warning, "the certificate of orders in cert.pem ends in 6 h 0 min, on 2026-01-02 00:00:00Z, and has not been renewed; renew it"), line);
    }

    [Theory]
    [InlineData(1, 2)]
    [InlineData(24, 12)]
    [InlineData(24 * 90, 40)]
    public void It_is_said_more_and_more_often_and_not_without_end(int hours, int warnings)
    {
        var watch = new ExpiryWatch(_log);
        var life = Life(TimeSpan.FromHours(hours));
        for (var now = Begin; now < life.NotAfter; now += TimeSpan.FromMinutes(1))
        {
            watch.Look("cert.pem", life, now);
        }

        Assert.Equal(warnings, _log.Lines.Count);
    }

    [Fact]
    public void The_end_is_an_error_at_once_and_each_hour()
    {
        var watch = new ExpiryWatch(_log);
        var life = Life(TimeSpan.FromHours(1));
        for (var minute = 0; minute < 125; minute++)
        {
            watch.Look("cert.pem", life, life.NotAfter + TimeSpan.FromMinutes(minute));
        }

        Assert.Equal(3, _log.Lines.Count(line => line.Level == LogLevel.Error));
    }

    [Fact]
    public void A_renewed_one_begins_anew()
    {
        var watch = new ExpiryWatch(_log);
        watch.Look("cert.pem", Life(TimeSpan.FromHours(1)), Begin + TimeSpan.FromMinutes(50));
        Assert.Single(_log.Lines);
        watch.Look("cert.pem", Life(TimeSpan.FromHours(10)), Begin + TimeSpan.FromMinutes(51));
        Assert.Single(_log.Lines);
    }

    [Fact]
    public void The_configuration_may_ask_for_an_earlier_word()
    {
        var watch = new ExpiryWatch(_log);
        watch.Look("cert.pem", CertificateLife.Of("orders", Begin, Begin + TimeSpan.FromHours(24), "renew it", TimeSpan.FromHours(20)), Begin + TimeSpan.FromHours(5));
        Assert.Single(_log.Lines);
    }

    private static CertificateLife Life(TimeSpan life) => CertificateLife.Of("orders", Begin, Begin + life, "renew it");
}
