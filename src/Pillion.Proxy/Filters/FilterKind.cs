using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Configuration.Envoy;
using Pillion.Proxy.Configuration.Native;

namespace Pillion.Proxy.Filters;

/// <summary>One kind of filter: how both file formats write it, and what it becomes. One line in <see cref="FilterKinds"/>.</summary>
internal abstract class FilterKind
{
    /// <summary>The setting in Pillion's own files; also the name in metrics, logs and explanations.</summary>
    public abstract string Name { get; }

    /// <summary>One sentence for the reference.</summary>
    public abstract string Meaning { get; }

    /// <summary>Envoy's HTTP filter; null where Envoy has none.</summary>
    public virtual EnvoyExtension? Envoy => null;

    /// <summary>The message of its settings for one virtual host or route, where Envoy has another one for those.</summary>
    public virtual EnvoyExtension? EnvoyRoute => Envoy;

    /// <summary>Reads Pillion's own setting; null after a mistake.</summary>
    public abstract FilterConfig? Read(ConfigValue value, NativeScope scope);

    /// <summary>As above, for a kind whose settings may say only what is different from those that are inherited.</summary>
    /// <param name="inherited">Null where there are none.</param>
    public virtual FilterConfig? Read(ConfigValue value, FilterConfig? inherited, NativeScope scope) => Read(value, scope);

    /// <summary>Reads Envoy's settings in <c>http_filters</c>; null after a mistake.</summary>
    public virtual FilterConfig? ReadEnvoy(ConfigMap settings, EnvoyScope scope) => null;

    /// <summary>Reads Envoy's settings in <c>typed_per_filter_config</c>, which take the place of the listener's; null after a mistake, or where the filter is off here.</summary>
    /// <param name="listeners">Those in <c>http_filters</c>; null where they had a mistake.</param>
    public virtual FilterConfig? ReadEnvoyRoute(ConfigMap settings, FilterConfig? listeners, EnvoyScope scope) => ReadEnvoy(settings, scope);

    /// <summary>Makes it ready to run. Called when a configuration is prepared.</summary>
    public abstract Filter Compile(FilterConfig config, FilterContext context);
}
