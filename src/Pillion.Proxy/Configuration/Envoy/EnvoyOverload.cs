using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Core.Overload;

namespace Pillion.Proxy.Configuration.Envoy;

/// <summary>Envoy's overload_manager: one monitor of memory, and the actions that have an equal here. Without it nothing is given up, as in Envoy.</summary>
internal static class EnvoyOverload
{
    private const string FixedHeap = "envoy.resource_monitors.fixed_heap";
    private const string CgroupMemory = "envoy.resource_monitors.cgroup_memory";

    private static readonly EnvoyExtension FixedHeapMonitor = new("FixedHeapConfig", FixedHeap) { NeedsSettings = true };
    private static readonly EnvoyExtension CgroupMonitor = new("CgroupMemoryConfig", CgroupMemory) { NeedsSettings = true };

    private static readonly Registry<OverloadActions> Actions = new("overload action")
    {
        { "envoy.overload_actions.shrink_heap", OverloadActions.Garbage },
        { "envoy.overload_actions.disable_http_keepalive", OverloadActions.IdleConnections },
        { "envoy.overload_actions.stop_accepting_connections", OverloadActions.Connections },
        { "envoy.overload_actions.reject_incoming_connections", OverloadActions.Connections },
        { "envoy.overload_actions.stop_accepting_requests", OverloadActions.Requests },
    };

    public static OverloadConfig Read(ConfigValue value)
    {
        var config = new OverloadConfig { Steps = [], Source = value.Source };
        using var map = value.AsMap();
        map.Refuse("loadshed_points", "is not supported", "use actions");
        map.Refuse("buffer_factory_config", "is not supported", "remove it");
        config = config with { Interval = map.Optional("refresh_interval").AsDuration(OverloadConfig.DefaultInterval, TimeSpan.FromMilliseconds(100)) };
        var monitors = map.Optional("resource_monitors");
        var names = new List<string>();
        _ = monitors.AsList(item =>
        {
            using var monitor = item.AsMap();
            names.Add(monitor.Optional("name").Text);
            if (EnvoyExtension.Read<OverloadConfig>(
                    monitor, "a resource monitor", (FixedHeapMonitor, inner => new() { MemoryBytes = inner.Required("max_heap_size_bytes").AsLong(1 << 30, 1, long.MaxValue) }), (CgroupMonitor, ReadGroup)) is { } read)
            {
                config = config with { MemoryBytes = read.MemoryBytes, MemoryPercent = read.MemoryPercent, CountsGroup = read.CountsGroup };
            }

            return "";
        });
        if (names.Count > 1)
        {
            monitors.Fail("has several monitors", "keep one: fixed_heap or cgroup_memory");
        }

        var steps = map.Optional("actions").AsList(item => ReadAction(item, names));
        return value.IsMap ? config with { Steps = steps } : config with { IsOff = true };
    }

    // Absent, it is the limit of the group itself.
    private static OverloadConfig ReadGroup(ConfigMap map) =>
        map.Optional("max_memory_bytes").AsLong(0, 0, long.MaxValue) is > 0 and var bytes ? new() { MemoryBytes = bytes, CountsGroup = true } : new() { MemoryPercent = 100 };

    private static OverloadStep? ReadAction(ConfigValue value, List<string> monitors)
    {
        using var map = value.AsMap("OverloadAction");
        var action = map.Required("name").AsOneOf(Actions, OverloadActions.None);
        map.Refuse("typed_config", "is not supported", "remove it");
        var triggers = map.Required("triggers").AsList(item =>
        {
            using var trigger = item.AsMap();
            var name = trigger.Required("name");
            if (name.IsText && !monitors.Contains(name.Text))
            {
                name.FailText("is not one of the resource_monitors", monitors.Count == 0 ? "add the monitor" : $"use {string.Join(", ", monitors)}");
            }

            using var threshold = trigger.Optional("threshold").AsMap();
            using var scaled = trigger.Optional("scaled").AsMap();
            if (!trigger.IsDescribing && threshold.Exists == scaled.Exists)
            {
                trigger.Fail("does not say one thing", "give threshold or scaled");
            }

            // Nothing here is scaled: what Envoy does from there on in part is done when Envoy would do all of it.
            _ = scaled.Required("scaling_threshold").AsNumber(1, 0, 1);
            var at = threshold.Required("value").AsNumber(1, 0, 1);
            var saturated = scaled.Required("saturation_threshold").AsNumber(1, 0, 1);
            return new OverloadStep(action, 100 * (scaled.Exists ? saturated : at));
        });
        return action == OverloadActions.None || triggers.Count == 0 ? null : triggers[0];
    }
}
