using Microsoft.Extensions.Logging;

namespace Pillion.Core.Identity.Secrets;

/// <summary>Warns long before a certificate ends, then more and more often: after each quarter of what is left, at least daily.</summary>
internal sealed partial class ExpiryWatch(ILogger logger)
{
    private static readonly TimeSpan Soonest = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Latest = TimeSpan.FromDays(1);
    private static readonly TimeSpan AfterTheEnd = TimeSpan.FromHours(1);

    private CertificateLife? _life;
    private DateTimeOffset _next;
    private bool _toldOfEnd;

    public void Look(string file, CertificateLife life, DateTimeOffset now)
    {
        if (!ReferenceEquals(life, _life))
        {
            _life = life;
            _next = life.NotAfter - life.WarnBefore;
            _toldOfEnd = false;
        }

        var left = life.NotAfter - now;
        if (left <= TimeSpan.Zero)
        {
            if (!_toldOfEnd || now >= _next)
            {
                _toldOfEnd = true;
                _next = now + AfterTheEnd;
                LogEnded(logger, life.Subject, file, life.NotAfter, life.Remedy);
            }
        }
        else if (now >= _next)
        {
            var quarter = left / 4;
            _next = now + (quarter < Soonest ? Soonest : quarter > Latest ? Latest : quarter);
            LogEnds(logger, life.Subject, file, TimeLeft.Of(left), life.NotAfter, life.Remedy);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "the certificate of {Subject} in {File} ends in {Left}, on {NotAfter:yyyy-MM-dd HH:mm:ss'Z'}, and has not been renewed; {Remedy}")]
    private static partial void LogEnds(ILogger logger, string subject, string file, string left, DateTimeOffset notAfter, string remedy);

    [LoggerMessage(Level = LogLevel.Error, Message = "the certificate of {Subject} in {File} ended on {NotAfter:yyyy-MM-dd HH:mm:ss'Z'}: peers refuse it; {Remedy}")]
    private static partial void LogEnded(ILogger logger, string subject, string file, DateTimeOffset notAfter, string remedy);
}
