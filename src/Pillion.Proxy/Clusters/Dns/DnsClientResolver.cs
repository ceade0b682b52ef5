using System.Net;
using System.Net.Sockets;
using DnsClient;
using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Clusters.Dns;

/// <summary>
/// Asks the name servers of resolv.conf itself, so that it learns times to live and works in an image without a C library. The search list and the
/// hosts file, which the library knows nothing of, are applied here; resolv.conf is read again when it changes.
/// </summary>
internal sealed class DnsClientResolver : INameResolver
{
    private readonly string _resolvConf;
    private readonly LocalNames _local;
    private readonly bool _reachesV6;
    private readonly Lock _lock = new();
    private readonly int _port;
    private (ResolverSettings Settings, LookupClient Client)? _servers;
    private (DateTime Written, long Length) _seen;

    /// <param name="port">The servers' port; tests run theirs on another.</param>
    public DnsClientResolver(string resolvConf = "/etc/resolv.conf", string hosts = "/etc/hosts", bool? reachesV6 = null, int port = 53)
    {
        _resolvConf = resolvConf;
        _reachesV6 = reachesV6 ?? DnsFamilies.ReachesV6();
        _local = new LocalNames(hosts, _reachesV6);
        _port = port;
    }

    public async Task<NameAnswer> ResolveAsync(string name, DnsFamily family, CancellationToken cancellationToken)
    {
        if (_local.Find(name, family) is { } local)
        {
            return local;
        }

        var (settings, client) = Servers();
        var failure = NameAnswer.Failed($"'{name}' is not a host name");
        foreach (var candidate in settings.Candidates(name))
        {
            var answer = await AskAsync(client, candidate, family, cancellationToken);
            if (!answer.IsFailure)
            {
                return answer;
            }

            failure = answer;
        }

        return failure;
    }

    private async Task<NameAnswer> AskAsync(LookupClient client, string name, DnsFamily family, CancellationToken cancellationToken)
    {
        var v6First = family == DnsFamily.V6Only || (family == DnsFamily.Auto && _reachesV6);
        var first = await AskAsync(client, name, v6First ? QueryType.AAAA : QueryType.A, cancellationToken);
        if (family is DnsFamily.V4Only or DnsFamily.V6Only || (family != DnsFamily.All && !first.IsFailure))
        {
            return first;
        }

        var second = await AskAsync(client, name, v6First ? QueryType.A : QueryType.AAAA, cancellationToken);
        if (first.IsFailure || second.IsFailure)
        {
            return second.IsFailure ? first : second;
        }

        return NameAnswer.Of([.. first.Addresses, .. second.Addresses], first.TimeToLive < second.TimeToLive ? first.TimeToLive : second.TimeToLive);
    }

    private static async Task<NameAnswer> AskAsync(LookupClient client, string name, QueryType type, CancellationToken cancellationToken)
    {
        try
        {
            var response = await client.QueryAsync(name, type, QueryClass.IN, cancellationToken);
            if (response.HasError)
            {
                return NameAnswer.Failed($"{name} {type}: {response.ErrorMessage}");
            }

            var addresses = response.Answers.AddressRecords().Select(record => record.Address).ToArray();
            return addresses.Length == 0
                ? NameAnswer.Failed($"{name} {type}: the name has no such record")
                : NameAnswer.Of(addresses, TimeSpan.FromSeconds(response.Answers.Min(record => record.InitialTimeToLive)));
        }
        catch (Exception refused) when (refused is DnsResponseException or SocketException or ArgumentException or FormatException
            || (refused is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return NameAnswer.Failed($"{name} {type}: {Words(refused)}");
        }
    }

    // A library's exception text is its own; those of the framework are resource keys in the published binary.
    private static string Words(Exception refused) => refused switch
    {
        DnsResponseException { InnerException: SocketException socket } => $"no answer from the name servers ({socket.SocketErrorCode})",
        DnsResponseException response => response.DnsError,
        SocketException socket => $"no answer from the name servers ({socket.SocketErrorCode})",
        OperationCanceledException => "no answer from the name servers in time",
        _ => "not a name that can be asked for",
    };

    private (ResolverSettings Settings, LookupClient Client) Servers()
    {
        lock (_lock)
        {
            var file = new FileInfo(_resolvConf);
            var now = file.Exists ? (file.LastWriteTimeUtc, file.Length) : default;
            if (_servers is null || now != _seen)
            {
                var settings = ReadUnderLock(file);
                _servers = (settings, Client(settings));
                _seen = now;
            }

            return _servers.Value;
        }
    }

    private ResolverSettings ReadUnderLock(FileInfo file)
    {
        try
        {
            return ResolverSettings.Parse(file.Exists ? File.ReadLines(_resolvConf).Take(1000) : []);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return _servers?.Settings ?? new ResolverSettings();
        }
    }

    private LookupClient Client(ResolverSettings settings) => new(
        new LookupClientOptions([.. settings.Servers.Select(server => new IPEndPoint(server, _port))])
        {
            UseCache = false,
            UseRandomNameServer = false,
            ThrowDnsErrors = false,
            Timeout = settings.Timeout,
            Retries = settings.Attempts - 1,
            UseTcpOnly = settings.TcpOnly,
        });
}
