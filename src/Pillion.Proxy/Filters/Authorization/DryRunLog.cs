using Microsoft.Extensions.Logging;
using Pillion.Core.Configuration;
using Pillion.Proxy.Forwarding;

namespace Pillion.Proxy.Filters.Authorization;

/// <summary>Tells in the log what a dry run would refuse: at most one line a second, with how many were not told.</summary>
internal sealed partial class DryRunLog(ProxyContext program)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private long _nextAt = long.MinValue;
    private long _untold;

    public void Tell(Exchange exchange, string cause, SourceLine source)
    {
        // Loops may ask at the same time: one of them gets the line.
        var now = program.Time.GetTimestamp();
        var next = Volatile.Read(ref _nextAt);
        if (now < next || Interlocked.CompareExchange(ref _nextAt, now + (long)(Pause.TotalSeconds * program.Time.TimestampFrequency), next) != next)
        {
            Interlocked.Increment(ref _untold);
            return;
        }

        var record = exchange.Record;
        LogWouldDeny(program.Logger, source, record.Method.ToString(), record.Target.ToString(), exchange.Caller.Identity ?? exchange.Stream.Remote.AddressText(), cause, Interlocked.Exchange(ref _untold, 0));
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Source}: a dry run would deny {Method} {Target} from {Caller}: {Cause} ({Untold} more were not told)")]
    private static partial void LogWouldDeny(ILogger logger, SourceLine source, string method, string target, string caller, string cause, long untold);
}
