using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Clusters.Outliers;

/// <summary>One endpoint's answers within an interval.</summary>
/// <param name="Rate">Those that succeeded, in per cent.</param>
internal readonly record struct OutlierRate(Endpoint Endpoint, int Volume, double Rate);

/// <summary>Which endpoints stand out by the share of their answers that succeeded: pure arithmetic, with Envoy's rules.</summary>
internal static class OutlierRates
{
    /// <summary>The rate below which an endpoint is an outlier, among those with enough requests; null where these are too few to compare.</summary>
    public static double? Threshold(IReadOnlyCollection<OutlierRate> rates, OutlierConfig config)
    {
        var valid = rates.Where(rate => rate.Volume >= config.SuccessRateVolume).Select(rate => rate.Rate).ToArray();
        if (valid.Length == 0 || valid.Length < config.SuccessRateMinHosts)
        {
            return null;
        }

        var mean = valid.Average();
        var deviation = Math.Sqrt(valid.Sum(rate => (rate - mean) * (rate - mean)) / valid.Length);
        return mean - (deviation * config.SuccessRateFactor / 1000);
    }

    public static IEnumerable<OutlierRate> BelowThreshold(IReadOnlyCollection<OutlierRate> rates, OutlierConfig config) =>
        Threshold(rates, config) is { } threshold ? rates.Where(rate => rate.Volume >= config.SuccessRateVolume && rate.Rate < threshold) : [];

    public static IEnumerable<OutlierRate> FailTooOften(IReadOnlyCollection<OutlierRate> rates, OutlierConfig config)
    {
        var valid = rates.Where(rate => rate.Volume >= config.FailurePercentageVolume).ToArray();
        return valid.Length == 0 || valid.Length < config.FailurePercentageMinHosts ? [] : valid.Where(rate => 100 - rate.Rate >= config.FailurePercentageThreshold);
    }
}
