using System.Net;

namespace Pillion.Proxy.Clusters.Dns;

/// <summary>/etc/hosts, read again when it changes (a pod's is written late).</summary>
internal sealed class HostsFile(string path)
{
    private const int MaxBytes = 1024 * 1024;

    private readonly Lock _lock = new();
    private Dictionary<string, List<IPAddress>> _names = [];
    private (DateTime Written, long Length) _seen;

    public IPAddress[] Find(string name)
    {
        lock (_lock)
        {
            ReadUnderLock();
            return _names.TryGetValue(name, out var addresses) ? [.. addresses] : [];
        }
    }

    private void ReadUnderLock()
    {
        try
        {
            var file = new FileInfo(path);
            var now = file.Exists ? (file.LastWriteTimeUtc, Math.Min(file.Length, MaxBytes)) : default;
            if (now == _seen)
            {
                return;
            }

            _names = now.Item2 == 0 ? [] : Parse(File.ReadLines(path), MaxBytes);
            _seen = now;
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            // As if it did not list the name; what was read before stays.
        }
    }

    private static Dictionary<string, List<IPAddress>> Parse(IEnumerable<string> lines, int room)
    {
        var names = new Dictionary<string, List<IPAddress>>(StringComparer.OrdinalIgnoreCase);
        foreach (var line in lines)
        {
            room -= line.Length + 1;
            if (room < 0)
            {
                break;
            }

            var comment = line.IndexOf('#');
            var words = (comment < 0 ? line : line[..comment]).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (words.Length < 2 || !IPAddress.TryParse(words[0], out var address))
            {
                continue;
            }

            foreach (var name in words.AsSpan(1))
            {
                if (!names.TryGetValue(name, out var addresses))
                {
                    names.Add(name, addresses = []);
                }

                if (!addresses.Contains(address))
                {
                    addresses.Add(address);
                }
            }
        }

        return names;
    }
}
