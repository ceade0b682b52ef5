using Pillion.Proxy.Forwarding;

namespace Pillion.Proxy.Filters;

/// <summary>The filters that the requests of one route go through, in their order; answers pass them the other way round.</summary>
internal sealed class RouteFilters
{
    public static readonly RouteFilters None = new([]);

    private readonly Filter[] _requests;
    private readonly Filter[] _answers;

    public RouteFilters(IReadOnlyList<Filter> filters)
    {
        All = filters;
        _requests = [.. filters.Where(filter => filter.SeesRequests)];
        _answers = [.. filters.Where(filter => filter.SeesAnswers).Reverse()];
    }

    public IReadOnlyList<Filter> All { get; }

    public Filter this[int index] => _requests[index];

    public int RequestCount => _requests.Length;

    /// <param name="passed">How many have let the request through.</param>
    public void Ended(Exchange exchange, int passed)
    {
        for (var i = passed - 1; i >= 0; i--)
        {
            _requests[i].Ended(exchange);
        }
    }

    public void Answer(Exchange exchange)
    {
        foreach (var filter in _answers)
        {
            filter.Answer(exchange);
        }
    }
}
