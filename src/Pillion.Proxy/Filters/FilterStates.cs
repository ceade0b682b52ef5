namespace Pillion.Proxy.Filters;

/// <summary>What the filters of one configuration remember, by the place they stand at.</summary>
internal sealed class FilterStates(FilterStates? before)
{
    private readonly Dictionary<(string StatPrefix, string Path, Type Type), (FilterConfig Config, object State)> _states = [];

    public T Keep<T>(string statPrefix, FilterConfig config, Func<T> make) where T : class
    {
        var place = (statPrefix, config.Source.Path, typeof(T));
        if (_states.TryGetValue(place, out var mine) && mine.Config == config)
        {
            return (T)mine.State;
        }

        var state = before is not null && before._states.TryGetValue(place, out var old) && old.Config == config ? (T)old.State : make();
        _states[place] = (config, state);
        return state;
    }

    /// <summary>Tells those that do something by themselves that their configuration begins to run.</summary>
    public void Published(ProxyLoop loop, ProxySnapshot snapshot)
    {
        foreach (var (_, state) in _states.Values)
        {
            (state as ILiveFilterState)?.Published(loop, snapshot);
        }
    }

    /// <summary>Lets go of what the other configuration does not have.</summary>
    public void RetireExcept(FilterStates? other)
    {
        foreach (var (place, (_, state)) in _states)
        {
            if (other is null || !other._states.TryGetValue(place, out var kept) || !ReferenceEquals(kept.State, state))
            {
                (state as IDisposable)?.Dispose();
            }
        }
    }
}
