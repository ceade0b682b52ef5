using System.Globalization;
using System.Net;

namespace Pillion.Proxy.Clusters.Dns;

/// <summary>What resolv.conf(5) says: servers, search list, ndots, timeout, attempts, use-vc.</summary>
internal sealed record ResolverSettings
{
    private const int MaxServers = 3;
    private const int MaxDots = 15;

    public IReadOnlyList<IPAddress> Servers { get; init; } = [IPAddress.Loopback];

    public IReadOnlyList<string> Search { get; init; } = [];

    /// <summary>A name with at least so many dots is asked for as it stands before the search list is tried.</summary>
    public int Dots { get; init; } = 1;

    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);

    public int Attempts { get; init; } = 2;

    public bool TcpOnly { get; init; }

    public static ResolverSettings Parse(IEnumerable<string> lines)
    {
        var settings = new ResolverSettings();
        var servers = new List<IPAddress>();
        foreach (var line in lines)
        {
            var words = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            switch (words)
            {
                case ["nameserver", var server, ..] when servers.Count < MaxServers && IPAddress.TryParse(server, out var address):
                    servers.Add(address);
                    break;
                case ["domain" or "search", .. var domains]:
                    // The last of these lines counts.
                    settings = settings with { Search = [.. domains.Select(domain => domain.Trim('.')).Where(domain => domain.Length > 0)] };
                    break;
                case ["options", .. var options]:
                    settings = options.Aggregate(settings, (sum, option) => sum.With(option));
                    break;
            }
        }

        return servers.Count == 0 ? settings : settings with { Servers = servers };
    }

    /// <summary>The full names to ask for, in order.</summary>
    public IEnumerable<string> Candidates(string name)
    {
        if (name.EndsWith('.'))
        {
            return [name];
        }

        var searched = Search.Select(domain => $"{name}.{domain}.");
        return name.Count(c => c == '.') >= Dots ? searched.Prepend(name + '.') : searched.Append(name + '.');
    }

    private ResolverSettings With(string option)
    {
        var colon = option.IndexOf(':');
        var number = colon >= 0 && int.TryParse(option.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : -1;
        return (colon < 0 ? option : option[..colon]) switch
        {
            "ndots" when number >= 0 => this with { Dots = Math.Min(number, MaxDots) },
            "timeout" when number > 0 => this with { Timeout = TimeSpan.FromSeconds(Math.Min(number, 30)) },
            "attempts" when number > 0 => this with { Attempts = Math.Min(number, 5) },
            "use-vc" => this with { TcpOnly = true },
            _ => this,
        };
    }
}
