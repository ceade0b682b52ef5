using System.Text;
using Pillion.Net.Http;
using Pillion.Proxy.Forwarding;
using Pillion.Proxy.Routing;

namespace Pillion.Proxy.Filters.RateLimits;

/// <summary>
/// One description of requests set against one descriptor, entry by entry. What does not depend on the request was compared when this was compiled;
/// what does is a list of tests.
/// </summary>
internal sealed class DescriptorMatch
{
    private readonly List<(RateActionConfig Action, byte[] Header, HeaderMatcher[] Headers, byte[] Wanted)> _tests;

    private DescriptorMatch(int descriptor, List<(RateActionConfig, byte[], HeaderMatcher[], byte[])> tests)
    {
        Descriptor = descriptor;
        _tests = tests;
    }

    /// <summary>Which descriptor it is.</summary>
    public int Descriptor { get; }

    /// <summary>Null where no request of this description can be what the descriptor wants.</summary>
    public static DescriptorMatch? Compile(RateActionsConfig set, DescriptorConfig descriptor, int index)
    {
        if (set.Actions.Count != descriptor.Entries.Count)
        {
            return null;
        }

        var tests = new List<(RateActionConfig, byte[], HeaderMatcher[], byte[])>();
        foreach (var (action, entry) in set.Actions.Zip(descriptor.Entries))
        {
            var isFixed = action.Kind is RateActionKind.GenericKey or RateActionKind.HeaderValueMatch;
            if (action.Key != entry.Key || (isFixed && entry.Value.Length > 0 && entry.Value != action.Value))
            {
                return null;
            }

            if (action.Kind != RateActionKind.GenericKey)
            {
                tests.Add((action, Encoding.ASCII.GetBytes(action.Header), [.. action.Headers.Select(header => new HeaderMatcher(header))], Encoding.UTF8.GetBytes(isFixed ? "" : entry.Value)));
            }
        }

        return new DescriptorMatch(index, tests);
    }

    /// <summary>The request is of this description and has the wanted values.</summary>
    /// <param name="key">Stands for the values that were left open.</param>
    public bool Matches(Exchange exchange, out ulong key)
    {
        var hash = KeyHash.Begin();
        Span<byte> address = stackalloc byte[64];
        key = 0;
        foreach (var (action, header, headers, wanted) in _tests)
        {
            if (action.Kind == RateActionKind.HeaderValueMatch)
            {
                if (AreSo(headers, exchange.Request) != action.ExpectsMatch)
                {
                    return false;
                }

                continue;
            }

            scoped ReadOnlySpan<byte> value;
            if (action.Kind == RateActionKind.RemoteAddress)
            {
                value = address[..RateKeys.ClientOf(exchange).FormatAddress(address)];
            }
            else if (!TryGet(exchange.Request, action.Header, header, out value))
            {
                return false;
            }

            if (wanted.Length == 0)
            {
                hash.Add(value);
            }
            else if (!value.SequenceEqual(wanted))
            {
                return false;
            }
        }

        key = hash.End();
        return true;
    }

    private static bool TryGet(RequestHead request, string name, ReadOnlySpan<byte> header, out ReadOnlySpan<byte> value)
    {
        var source = RequestFields.Identify(name);
        if (source != RequestField.Header)
        {
            value = RequestFields.Get(request, source);
            return !value.IsEmpty;
        }

        var index = request.Fields.IndexOf(header);
        value = index < 0 ? default : request.Fields.Value(index);
        return index >= 0;
    }

    private static bool AreSo(HeaderMatcher[] headers, RequestHead request)
    {
        foreach (var header in headers)
        {
            if (!header.Matches(request, Scratch.OfThread))
            {
                return false;
            }
        }

        return true;
    }
}
