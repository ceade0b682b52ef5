namespace Pillion.Proxy.Configuration.Reading;

/// <summary>Whether a number is a prime, and which one is near.</summary>
internal static class PrimeNumber
{
    /// <summary>The most that Envoy allows for a table (maglev_lb_config.table_size).</summary>
    public const int MostPlaces = 5_000_011;

    public static bool Is(int number)
    {
        for (var divisor = 2; (long)divisor * divisor <= number; divisor++)
        {
            if (number % divisor == 0)
            {
                return false;
            }
        }

        return number >= 2;
    }

    /// <summary>The next one, or where there is none within bounds the last.</summary>
    public static int Near(int number)
    {
        var prime = Math.Clamp(number, 2, MostPlaces);
        while (!Is(prime))
        {
            prime++;
        }

        return prime;
    }
}
