using Pillion.Core.Configuration;
using Pillion.Core.Signals;
using Pillion.Core.Signals.AccessLog;
using Pillion.Core.Signals.Otlp;
using Pillion.Net.Http;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Telemetry;

namespace Pillion.Proxy.Listeners;

/// <summary>The access logs of a listener, one writer of each per loop: lines to files, records to collectors.</summary>
internal sealed class AccessLogSet
{
    private readonly AccessLogger[][] _byLoop;
    private readonly OtlpLogger[][] _recordsByLoop;

    private AccessLogSet(AccessLogger[][] byLoop, OtlpLogger[][] recordsByLoop)
    {
        _byLoop = byLoop;
        _recordsByLoop = recordsByLoop;
    }

    public static AccessLogSet Make(ValueList<AccessLogConfig> configs, AccessLogs logs, Exporters exporters, TimeProvider time, int loops) =>
        new(
            [.. Enumerable.Range(0, loops).Select(loop => configs.Where(config => config.Otlp is null).Select(config => logs.Logger(config.Path, Format(config), loop)).ToArray())],
            [.. Enumerable.Range(0, loops).Select(loop => configs.Where(config => config.Otlp is not null).Select(config => Records(config, exporters.For(config.Otlp!), time, loop)).ToArray())]);

    public void Write(int loop, RequestRecord record, RequestHead? request, ResponseHead? response, FieldList? trailers = null)
    {
        foreach (var logger in _byLoop[loop])
        {
            logger.Write(record, request, response, trailers);
        }

        foreach (var logger in _recordsByLoop[loop])
        {
            logger.Write(record, request, response, trailers);
        }
    }

    private static OtlpLogger Records(AccessLogConfig config, OtlpExporter exporter, TimeProvider time, int loop)
    {
        var (ring, metrics) = exporter.Logs(loop);
        return new OtlpLogger(Format(config), [.. config.Attributes.Select(attribute => (attribute.Key, LogFormat.Text(attribute.Value)))], ring, metrics, exporter.Wake, time);
    }

    private static LogFormat Format(AccessLogConfig config) => config.Format switch
    {
        AccessLogFormat.Text => LogFormat.Text(config.Text),
        AccessLogFormat.JsonFields => LogFormat.JsonFields(config.Fields),
        _ => LogFormat.Json(),
    };
}
