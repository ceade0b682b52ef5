namespace Pillion.Proxy.Filters;

/// <summary>What a filter keeps and that does something by itself, such as fetching keys: it is told which clusters there are.</summary>
internal interface ILiveFilterState
{
    /// <summary>A configuration that has it begins to run: the first, and each one after a reload. Not on a loop.</summary>
    /// <param name="loop">The loop that may work for all.</param>
    void Published(ProxyLoop loop, ProxySnapshot snapshot);
}
