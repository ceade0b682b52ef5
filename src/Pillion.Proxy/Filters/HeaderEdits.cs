using System.Text;
using Pillion.Core.Signals;
using Pillion.Core.Signals.AccessLog;
using Pillion.Net.Http;
using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Filters;

/// <summary>
/// The header edits that one request or response goes through, in Envoy's order: the route's, its virtual host's, its table's; of each,
/// removals first. An added value that turns out empty adds nothing.
/// </summary>
internal sealed class HeaderEdits
{
    public static readonly HeaderEdits None = new([]);

    // They frame the message or belong to one connection; an edit could make two readers of the same bytes disagree.
    private static readonly KnownField[] Protected =
    [
        KnownField.ContentLength, KnownField.TransferEncoding, KnownField.Connection, KnownField.KeepAlive, KnownField.ProxyConnection,
        KnownField.Upgrade, KnownField.TE, KnownField.Trailer,
    ];

    private readonly HeaderEdit[] _steps;

    private HeaderEdits(HeaderEdit[] steps) => _steps = steps;

    public bool IsEmpty => _steps.Length == 0;

    /// <param name="levels">The most specific first.</param>
    public static HeaderEdits Compile(ReadOnlySpan<HeaderEditConfig> levels)
    {
        var steps = new List<HeaderEdit>();
        foreach (var level in levels)
        {
            steps.AddRange(level.Remove.Select(HeaderEdit.Remove));
            steps.AddRange(level.Add.Select(HeaderEdit.Add));
        }

        return steps.Count == 0 ? None : new HeaderEdits([.. steps]);
    }

    /// <summary>Why headers of this name cannot be edited; null when they can.</summary>
    /// <param name="removes">The edit removes the header; Host can be set, never removed.</param>
    public static string? CheckName(string name, bool removes = false)
    {
        var bytes = Encoding.UTF8.GetBytes(name);
        if (name.StartsWith(':'))
        {
            return $"'{name}' cannot be edited as a header; the host and path rewrites of a route change it";
        }

        if (!HttpBytes.IsToken(bytes))
        {
            return $"'{name}' is not a header name; use letters, digits and hyphens";
        }

        var known = KnownFields.Identify(bytes);
        return Protected.Contains(known) || (removes && known == KnownField.Host)
            ? $"'{name}' cannot be edited; Pillion itself sets it from the message"
            : null;
    }

    /// <summary>Edits a request before its host and path are rewritten; a value set for Host becomes the authority.</summary>
    public void Apply(RequestHead request, RequestRecord record)
    {
        if (_steps.Length > 0)
        {
            Apply(request.Fields, request, new LogExchange(record, request, null, null));
        }
    }

    /// <summary>Edits an answer, Pillion's own for the route included.</summary>
    public void Apply(ResponseHead response, RequestHead request, RequestRecord record)
    {
        if (_steps.Length > 0)
        {
            Apply(response.Fields, null, new LogExchange(record, request, response, null));
        }
    }

    private void Apply(FieldList fields, RequestHead? edited, in LogExchange exchange)
    {
        foreach (var step in _steps)
        {
            if (step.Value is null)
            {
                step.RemoveFrom(fields);
                continue;
            }

            var value = step.Value.Format(exchange);
            if (value.IsEmpty || value.IndexOfAny(HttpBytes.Controls) >= 0)
            {
                // A cause in a system's own words could hold a line break, which would begin another header.
                continue;
            }

            if (edited is not null && step.IsHost)
            {
                SetHost(edited, step.Append, value);
            }
            else
            {
                step.AddTo(fields, value);
            }
        }
    }

    // There is one host, so adding sets. It is there already unless an HTTP/1.0 client named none.
    private static void SetHost(RequestHead request, HeaderAppend append, ReadOnlySpan<byte> value)
    {
        var absent = request.Authority.IsEmpty;
        if (append is HeaderAppend.Add or HeaderAppend.Set || absent == append is HeaderAppend.AddIfAbsent)
        {
            request.SetAuthority(value);
        }
    }
}
