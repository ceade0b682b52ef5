
namespace Pillion.Proxy.Clusters.Balancing;

/// <summary>The points of a <see cref="RingHash"/>, in order.</summary>
internal sealed class RingTable : EndpointTable
{
    private readonly ulong[] _points;
    private readonly int[] _owners;

    private RingTable(ulong[] points, int[] owners)
    {
        _points = points;
        _owners = owners;
    }

    public int Size => _points.Length;

    /// <summary>
    /// As many points as let the lightest endpoint have a whole number of them, as Envoy counts; point N of an endpoint is the hash of <c>KEY_N</c>. Unlike Envoy
    /// we count those that fail their checks too: else the points of all others would become more, and take keys from each other, when one fails.
    /// </summary>
    public static RingTable Build(EndpointSet set, Func<Endpoint, byte[]> key, int minSize, int maxSize)
    {
        var whole = set.Whole ?? set;
        var lightest = Enumerable.Range(0, whole.Count).Select(i => whole.Weight(i)).Where(weight => weight > 0).Min() / whole.TotalWeight;
        var scale = Math.Min(Math.Ceiling(lightest * minSize) / lightest, maxSize);
        var points = new List<ulong>((int)Math.Ceiling(scale));
        var owners = new List<int>(points.Capacity);
        for (var i = 0; i < set.Count; i++)
        {
            var name = key(set[i]);
            var text = new byte[name.Length + 12];
            name.CopyTo(text, 0);
            text[name.Length] = (byte)'_';
            // Rounded up while there is room; what rounding errors add is no point.
            var wanted = scale * set.Weight(i) / whole.TotalWeight;
            var count = scale < maxSize ? Math.Ceiling(wanted - 1e-6) : Math.Max(1, Math.Floor(wanted));
            for (var n = 0; n < count; n++)
            {
                n.TryFormat(text.AsSpan(name.Length + 1), out var digits, default, null);
                points.Add(XxHash64.Of(text.AsSpan(0, name.Length + 1 + digits)));
                owners.Add(i);
            }
        }

        var table = new RingTable([.. points], [.. owners]);
        Array.Sort(table._points, table._owners);
        return table;
    }

    public override int Find(ulong hash)
    {
        var (low, high) = (0, _points.Length);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (_points[middle] < hash)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return _owners[low == _points.Length ? 0 : low];
    }

    public override int[] CountPlaces(int endpoints)
    {
        var places = new int[endpoints];
        foreach (var owner in _owners)
        {
            places[owner]++;
        }

        return places;
    }
}
