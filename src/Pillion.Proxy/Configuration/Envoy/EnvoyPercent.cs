using Pillion.Core.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Envoy;

/// <summary>FractionalPercent: a numerator over 100, 10,000 or 1,000,000.</summary>
internal static class EnvoyPercent
{
    private static readonly Core.Configuration.Registry<int> Denominators = new("denominator")
    {
        { "HUNDRED", 100 },
        { "TEN_THOUSAND", 10_000 },
        { "MILLION", 1_000_000 },
    };

    /// <summary>Percent: <c>{ value: 50 }</c>.</summary>
    public static double ReadPlain(ConfigValue value, double fallback)
    {
        using var map = value.AsMap("Percent");
        return map.Optional("value").AsNumber(value.IsMap ? 0 : fallback, 0, 100);
    }

    /// <summary>In per cent.</summary>
    public static double Read(ConfigValue value, double fallback)
    {
        using var map = value.AsMap("FractionalPercent");
        var numerator = map.Optional("numerator").AsInt(0);
        var denominator = map.Optional("denominator").AsOneOf(Denominators, 100);
        return value.IsMap ? Math.Min(100, numerator * 100.0 / denominator) : fallback;
    }
}
