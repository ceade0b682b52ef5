namespace Pillion.Core.Signals.Metrics;

/// <summary>Answers counted by the first digit of their status.</summary>
internal sealed class StatusClasses
{
    private readonly long[] _counts = new long[6];

    public void Count(int status)
    {
        var first = status / 100;
        if (first is >= 1 and <= 5)
        {
            _counts[first]++;
        }
    }

    public long Of(int firstDigit) => Volatile.Read(ref _counts[firstDigit]);
}
