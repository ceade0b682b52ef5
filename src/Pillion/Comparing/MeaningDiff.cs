using Pillion.Core.Configuration;
using Pillion.Proxy.Configuration;

namespace Pillion.Comparing;

/// <summary>
/// What two configurations mean differently, whichever formats they are written in, with the words of a reload for what happens then
/// (<see cref="Proxy.Preparation"/>, which this follows): an equal cluster keeps its pools, an equal address its socket, an equal filter its memory.
/// </summary>
internal static class MeaningDiff
{
    public static IReadOnlyList<Consequence> Of(PillionConfig old, PillionConfig now)
    {
        var found = new List<Consequence>();
        found.AddRange(ListenerDiff.Of(old.Proxy, now.Proxy));
        found.AddRange(ClusterDiff.Of(old.Proxy, now.Proxy));
        found.AddRange(RouteDiff.Of(old.Proxy, now.Proxy));
        found.AddRange(FilterDiff.Of(old.Proxy, now.Proxy));
        Section(found, "workload", old.Workload, now.Workload, "The name that the sidecar gives itself changes at once; certificates are matched against it when the file is taken.");
        Section(found, "identity", old.Identity, now.Identity, "Handshakes from now on use the new certificate and authorities; open connections stay. Clusters whose TLS changes by it get new pools.");
        Section(found, "app", old.App, now.App, "The application is probed by the new settings at once; its readiness is found anew.");
        Section(found, "admin", old.Admin, now.Admin, old.Admin.Address != now.Admin.Address ? "The admin port moves at the next start, not with a reload." : "Holds for what is asked from then on; taps that are open stay open.");
        Section(found, "lifecycle", old.Lifecycle, now.Lifecycle, "Counts from the next stop on; nothing happens to what runs.");
        Section(found, "reload", old.Reload, now.Reload, "Counts from the next start on.");
        Section(found, "capture", old.Capture, now.Capture, "The kernel's rules stay as they are: run 'pillion capture install' again, or start anew with --capture.");
        return found;
    }

    internal static Consequence Changed(string what, string name, object old, object now, SourceLine oldLine, SourceLine newLine, string effect) =>
        new(ChangeKind.Changed, what, name, effect) { Old = oldLine, New = newLine, Fields = [.. RecordFields.Differing(old, now)] };

    private static void Section(List<Consequence> found, string name, object? old, object? now, string effect)
    {
        if (!Equals(old, now))
        {
            found.Add(new Consequence(old is null ? ChangeKind.Added : now is null ? ChangeKind.Removed : ChangeKind.Changed, name, "", effect)
            {
                Fields = old is null || now is null ? [] : [.. RecordFields.Differing(old, now)],
            });
        }
    }
}
