using System.Globalization;
using Pillion.Core.Resilience;

namespace Pillion.Watching;

/// <summary>The newest failure of a row, in a few words.</summary>
internal sealed record TrafficFailure(long UtcTicks, int Status, FailureKind Kind, string? Cause)
{
    public string Words
    {
        get
        {
            var status = Status == 0 ? "" : Status.ToString(CultureInfo.InvariantCulture) + " ";
            return Kind == FailureKind.None ? $"{status}from upstream" : $"{status}{FailureWords.Of(Kind).Replace('_', ' ')}{(Cause is null ? "" : $": {Cause}")}";
        }
    }
}
