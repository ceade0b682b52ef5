using System.Text;
using Pillion.Core.Configuration;
using Pillion.Net.Http;

namespace Pillion.Proxy.Routing;

/// <summary>A route's condition on the method: a bit each for those that have a number, names for the rest. Methods are case-sensitive (RFC 9110 §9.1).</summary>
internal sealed class MethodMatcher
{
    private readonly int _known;
    private readonly byte[][] _others;

    public MethodMatcher(ValueList<string> methods)
    {
        var others = new List<byte[]>();
        foreach (var method in methods)
        {
            var known = HttpMethods.Identify(Encoding.ASCII.GetBytes(method));
            if (known == HttpMethod.Other)
            {
                others.Add(Encoding.ASCII.GetBytes(method));
            }
            else
            {
                _known |= 1 << (int)known;
            }
        }

        _others = [.. others];
    }

    public bool Matches(RequestHead head)
    {
        if (head.Method != HttpMethod.Other)
        {
            return (_known & (1 << (int)head.Method)) != 0;
        }

        foreach (var other in _others)
        {
            if (head.MethodName.SequenceEqual(other))
            {
                return true;
            }
        }

        return false;
    }
}
