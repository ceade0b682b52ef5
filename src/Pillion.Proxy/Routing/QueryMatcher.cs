using System.Text;
using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Routing;

/// <summary>
/// A route's condition on a query parameter: the first of that name counts, name and value are compared as they came, without decoding
/// escapes or '+' (as Envoy does).
/// </summary>
internal sealed class QueryMatcher(ValueMatchConfig config)
{
    private readonly byte[] _name = Encoding.UTF8.GetBytes(config.Name);
    private readonly ValueMatcher _matcher = new(config);

    public bool Matches(ReadOnlySpan<byte> query, Scratch scratch)
    {
        while (!query.IsEmpty)
        {
            var end = query.IndexOf((byte)'&');
            var pair = end < 0 ? query : query[..end];
            var equals = pair.IndexOf((byte)'=');
            if ((equals < 0 ? pair : pair[..equals]).SequenceEqual(_name))
            {
                return _matcher.Matches(present: true, equals < 0 ? default : pair[(equals + 1)..], scratch);
            }

            query = end < 0 ? default : query[(end + 1)..];
        }

        return _matcher.Matches(present: false, default, scratch);
    }
}
