using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Native;

/// <summary>The names that <c>to:</c> may give, checked once all are known: a route may name a service written further down.</summary>
internal sealed class RouteTargets
{
    private readonly List<string> _names = [];
    private readonly List<ConfigValue> _references = [];

    public void Add(string name) => _names.Add(name);

    public bool Has(string name) => _names.Contains(name);

    public void Refer(ConfigValue value) => _references.Add(value);

    public void Check()
    {
        foreach (var reference in _references)
        {
            if (!_names.Contains(reference.Text))
            {
                reference.FailText("is not a service", NearestName.Of(reference.Text, _names) is { } nearest
                    ? $"did you mean '{nearest}'?"
                    : _names.Count == 0 ? "add it to outbound.services" : $"add it to outbound.services or use one of {string.Join(", ", _names.Take(10))}");
            }
        }
    }
}
