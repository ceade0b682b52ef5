using Pillion.Core.Configuration;

namespace Pillion.Proxy.Filters;

/// <summary>Compiles the filters of one HTTP configuration. What routes inherit from one place is one filter, with one memory.</summary>
internal sealed class FilterCompiler(FilterContext context)
{
    private readonly Dictionary<FilterConfig, Filter> _compiled = new(ReferenceEqualityComparer.Instance);

    public RouteFilters Compile(ValueList<FilterConfig> configs)
    {
        if (configs.Count == 0)
        {
            return RouteFilters.None;
        }

        return new RouteFilters([.. configs.Select(One)]);
    }

    private Filter One(FilterConfig config)
    {
        if (!_compiled.TryGetValue(config, out var filter))
        {
            _compiled[config] = filter = config.Kind.Compile(config, context);
        }

        return filter;
    }
}
