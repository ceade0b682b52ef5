using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Filters;

namespace Pillion.Proxy.Configuration.Native;

/// <summary>
/// The filters: a listener has some, a service and a route inherit them and may say each of them anew, or <c>off</c>. What is inherited keeps what it
/// remembers in one place: a rate limit of a service is one for all of its routes.
/// </summary>
internal static class FilterSettings
{
    public static ValueList<FilterConfig> Read(ConfigMap map, ValueList<FilterConfig> inherited, NativeScope scope)
    {
        var filters = new List<FilterConfig>();
        foreach (var kind in FilterKinds.InOrder)
        {
            var value = map.Optional(kind.Name, kind.Meaning);
            if (NativeNames.IsOff(value))
            {
                continue;
            }

            var above = inherited.FirstOrDefault(filter => filter.Kind == kind);
            var own = value.Exists || value.IsDescribing ? kind.Read(value, above, scope) : above;
            if (own is not null && !value.IsDescribing)
            {
                filters.Add(own);
            }
        }

        return filters.Count == 0 ? ValueList<FilterConfig>.Empty : new([.. filters]);
    }
}
