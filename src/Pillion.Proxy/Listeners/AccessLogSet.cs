using Pillion.Core.Configuration;
using Pillion.Core.Signals;
using Pillion.Core.Signals.AccessLog;
using Pillion.Net.Http;
using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Listeners;

/// <summary>The access logs of a listener, one writer of each per loop.</summary>
internal sealed class AccessLogSet
{
    private readonly AccessLogger[][] _byLoop;

    private AccessLogSet(AccessLogger[][] byLoop) => _byLoop = byLoop;

    public static AccessLogSet Make(ValueList<AccessLogConfig> configs, AccessLogs logs, int loops) =>
        new([.. Enumerable.Range(0, loops).Select(loop => configs.Select(config => logs.Logger(config.Path, Format(config), loop)).ToArray())]);

    public void Write(int loop, RequestRecord record, RequestHead? request, ResponseHead? response, FieldList? trailers = null)
    {
        foreach (var logger in _byLoop[loop])
        {
            logger.Write(record, request, response, trailers);
        }
    }

    private static LogFormat Format(AccessLogConfig config) => config.Format switch
    {
        AccessLogFormat.Text => LogFormat.Text(config.Text),
        AccessLogFormat.JsonFields => LogFormat.JsonFields(config.Fields),
        _ => LogFormat.Json(),
    };
}
