using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Core.Configuration.Roles;

namespace Pillion.Proxy.Configuration.Native;

/// <summary>Pillion's own file, the proxy's part of it: <c>inbound</c>, <c>outbound</c>, <c>access_log</c>, <c>tracing</c> and <c>otlp</c>.</summary>
internal static class NativeProxy
{
    public static ProxyConfig Read(ConfigMap root, AppConfig? app, CaptureConfig? capture)
    {
        var collector = root.Optional("otlp", "The OpenTelemetry collector that spans, metrics and access-log records go to: a service of `outbound.services`, or a map; none when absent.");
        var otlp = Otlp.Read(collector, root.Has("workload") ? root.Optional("workload").Text : "");
        var accessLog = root.Optional("access_log", "Where each request is logged, for both ways: `stdout`, `stderr`, a file, `otlp`, `off`, an [access log](#access-log), or a list of them.");
        var tracing = Tracing.Read(root.Optional("tracing", Tracing.Meaning), null, otlp);
        var scope = new NativeScope(app, root.Has("identity"), capture, AccessLogs.Read(accessLog, AccessLogs.Default, otlp), otlp, tracing);

        // What must be known of before `to:` can be checked is added as it is read; the check comes last.
        if (app is not null)
        {
            scope.Targets.Add(NativeNames.App);
        }

        Inbound.Read(root, scope);
        Outbound.Read(root, scope);
        Otlp.Check(collector, otlp, scope);
        scope.Targets.Check();
        scope.Targets.Divide(scope.Clusters);
        return new()
        {
            Listeners = new([.. scope.Listeners]),
            Clusters = new([.. scope.Clusters]),
            MetricSinks = otlp is { MetricsInterval.Ticks: > 0 } ? [otlp] : [],
        };
    }
}
