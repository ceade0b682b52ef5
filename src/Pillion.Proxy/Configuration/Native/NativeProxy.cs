using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Core.Configuration.Roles;

namespace Pillion.Proxy.Configuration.Native;

/// <summary>Pillion's own file, the proxy's part of it: <c>inbound</c>, <c>outbound</c> and <c>access_log</c>.</summary>
internal static class NativeProxy
{
    public static ProxyConfig Read(ConfigMap root, AppConfig? app, CaptureConfig? capture)
    {
        var accessLog = root.Optional("access_log", "Where each request is logged, for both ways: `stdout`, `stderr`, a file, `off`, an [access log](#access-log), or a list of them.");
        var scope = new NativeScope(app, root.Has("identity"), capture, AccessLogs.Read(accessLog, AccessLogs.Default));

        // What must be known of before `to:` can be checked is added as it is read; the check comes last.
        if (app is not null)
        {
            scope.Targets.Add(NativeNames.App);
        }

        Inbound.Read(root, scope);
        Outbound.Read(root, scope);
        scope.Targets.Check();
        scope.Targets.Divide(scope.Clusters);
        return new() { Listeners = new([.. scope.Listeners]), Clusters = new([.. scope.Clusters]) };
    }
}
