namespace Pillion.Proxy.Clusters.Levels;

/// <summary>How many endpoints of a priority may be used, of how many.</summary>
internal readonly record struct LevelHealth(int Usable, int Total)
{
    public double Percent => Total == 0 ? 0 : 100.0 * Usable / Total;
}
