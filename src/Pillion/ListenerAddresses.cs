using Pillion.Core.Configuration;
using Pillion.Net;

namespace Pillion;

/// <summary>Two listeners at one address cannot both be bound; better told with the file than by the kernel.</summary>
internal static class ListenerAddresses
{
    public static void Check(PillionConfig config, string file, List<ConfigError> errors)
    {
        var bound = new List<(Address Address, string Name)> { (config.Admin.Address, "admin") };
        foreach (var listener in config.Proxy.Listeners)
        {
            if (bound.Find(other => Collide(other.Address, listener.Address)) is { Name: not null } other)
            {
                var line = Math.Max(1, listener.Source.Line);
                errors.Note(new(file, line, Math.Max(1, listener.Source.Column), listener.Source.Path, $"listens on {listener.Address}, where {other.Name} also does", "give each its own port"));
            }

            bound.Add((listener.Address, listener.Name));
        }
    }

    private static bool Collide(Address a, Address b) =>
        a.Port == b.Port && a.Port != 0 && (a.Host == b.Host || (!a.IsUnix && (IsEvery(a.Host) || IsEvery(b.Host))));

    private static bool IsEvery(string host) => host is "0.0.0.0" or "::";
}
