using System.Globalization;
using System.Net;
using System.Text;
using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Core.Signals;
using Pillion.Net.Http;

namespace Pillion.Tapping;

/// <summary>Which requests a tap shows; every condition must hold, and one that is not given always does. Asked on the loops, so it allocates nothing.</summary>
internal sealed class TapFilter
{
    private readonly NamePattern? _route;
    private readonly NamePattern? _cluster;
    private readonly NamePattern? _listener;
    private readonly NamePattern? _identity;
    private readonly IPNetwork? _network;
    private readonly byte[]? _method;
    private readonly byte[]? _path;
    private readonly long _slowerMicros;
    private readonly List<(int From, int To)> _statuses = [];
    private readonly List<(byte[] Name, byte[]? Value)> _headers = [];

    /// <param name="values">The values of a condition, by its name: those of the query, or of the command line.</param>
    private TapFilter(Func<string, IEnumerable<string>> values, List<string> mistakes)
    {
        _route = Pattern("route");
        _cluster = Pattern("cluster");
        _listener = Pattern("listener");
        _method = First("method") is { } method ? Encoding.UTF8.GetBytes(method.ToUpperInvariant()) : null;
        _path = First("path") is { } path ? Encoding.UTF8.GetBytes(path) : null;
        if (First("peer") is { } peer)
        {
            if (NetworkText.TryParse(peer, out var network, out var problem, out _))
            {
                _network = network;
            }
            else if (peer.Contains('/') && char.IsAsciiDigit(peer[0]))
            {
                mistakes.Add($"peer: {ConfigError.Quote(peer)} {problem}; use 10.1.2.3, 10.0.0.0/8, or an identity such as spiffe://example.org/ns/shop/*");
            }
            else
            {
                _identity = new NamePattern(peer);
            }
        }

        if (First("slower") is { } slower)
        {
            if (!DurationText.TryParse(slower, out var duration))
            {
                mistakes.Add($"slower: {ConfigError.Quote(slower)} is not a duration; use one such as 200ms");
            }

            _slowerMicros = (long)duration.TotalMicroseconds;
        }

        foreach (var item in (First("status") ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (!TryReadStatus(item, out var range))
            {
                mistakes.Add($"status: {ConfigError.Quote(item)} is not a status; use one such as 503, 5xx or 400-499");
            }

            _statuses.Add(range);
        }

        foreach (var header in values("header"))
        {
            var equals = header.IndexOf('=');
            var name = equals < 0 ? header : header[..equals];
            if (name.Length == 0 || !name.All(c => c is > ' ' and < '\x7f' and not ':'))
            {
                mistakes.Add($"header: {ConfigError.Quote(header)} is not a header; use NAME or NAME=VALUE");
            }

            _headers.Add((Encoding.ASCII.GetBytes(name), equals < 0 ? null : Encoding.UTF8.GetBytes(header[(equals + 1)..])));
        }

        string? First(string name) => values(name).FirstOrDefault(value => value.Length > 0);

        NamePattern? Pattern(string name) => First(name) is { } text ? new NamePattern(text) : null;
    }

    /// <summary>It asks for what only headers tell.</summary>
    public bool ReadsHeaders => _headers.Count > 0;

    /// <summary>Null after a mistake, which is one line.</summary>
    public static TapFilter? Read(Func<string, IEnumerable<string>> values, out string mistake)
    {
        var mistakes = new List<string>();
        var filter = new TapFilter(values, mistakes);
        mistake = mistakes.FirstOrDefault("");
        return mistakes.Count == 0 ? filter : null;
    }

    public bool Matches(RequestRecord record, RequestHead? request) =>
        (_statuses.Count == 0 || HasStatus(record.Status))
        && record.DurationMicros >= _slowerMicros
        && (_route?.Matches(record.Route) ?? true)
        && (_cluster?.Matches(record.Cluster) ?? true)
        && (_listener?.Matches(record.Listener) ?? true)
        && (_method is null || record.Method.Span.SequenceEqual(_method))
        && (_path is null || record.Target.Span.StartsWith(_path))
        && (_identity?.Matches(record.PeerIdentity) ?? true)
        && (_network is not { } network || (record.Downstream.ToIPAddress() is { } address && network.Contains(address)))
        && (_headers.Count == 0 || (request is not null && HasHeaders(request)));

    private bool HasStatus(int status)
    {
        foreach (var (from, to) in _statuses)
        {
            if (status >= from && status <= to)
            {
                return true;
            }
        }

        return false;
    }

    private bool HasHeaders(RequestHead request)
    {
        foreach (var (name, value) in _headers)
        {
            var index = request.Fields.IndexOf(name);
            while (index >= 0 && value is not null && !request.Fields.Value(index).SequenceEqual(value))
            {
                index = request.Fields.IndexOf(name, index + 1);
            }

            if (index < 0)
            {
                return false;
            }
        }

        return true;
    }

    private static bool TryReadStatus(string text, out (int, int) range)
    {
        range = default;
        if (text is [>= '1' and <= '5', 'x' or 'X', 'x' or 'X'])
        {
            range = ((text[0] - '0') * 100, ((text[0] - '0') * 100) + 99);
            return true;
        }

        var parts = text.Split('-');
        if (parts.Length <= 2 && TryReadNumber(parts[0], out var from) && TryReadNumber(parts[^1], out var to) && from <= to)
        {
            range = (from, to);
            return true;
        }

        return false;
    }

    // 0 is a request that got no answer.
    private static bool TryReadNumber(string text, out int status) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out status) && status is 0 or (>= 100 and <= 599);
}
