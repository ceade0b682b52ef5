namespace Pillion.Core.Signals.AccessLog;

/// <summary>
/// Which virtual host, route, line of the configuration and cluster served a request, as members of a JSON line: together they are the same for
/// each request of a route, so they are written once for each and then copied. Belongs to one loop.
/// </summary>
internal sealed class WrittenRoutes
{
    // By line of the configuration; routes that fall together take turns.
    private const int Places = 64;

    // What is longer is written each time.
    private const int MaxKept = 1024;

    private readonly Place[] _places = new Place[Places];

    public void Write(LineBuffer line, RequestRecord record)
    {
        ref var place = ref _places[record.RouteSource.Line & (Places - 1)];
        if (place.IsOf(record))
        {
            line.Raw(place.Written!.Span);
            return;
        }

        var start = line.Length;
        Text(line, ",\"virtual_host\":\""u8, record.VirtualHost);
        Text(line, ",\"route\":\""u8, record.Route);
        if (record.RouteSource.Line > 0)
        {
            line.Raw(",\"route_line\":\""u8);
            SourceLineText.Write(line, record.RouteSource);
            line.Raw((byte)'"');
        }

        Text(line, ",\"cluster\":\""u8, record.Cluster);
        place.Keep(record, line.Written[start..]);
    }

    private static void Text(LineBuffer line, ReadOnlySpan<byte> key, string text)
    {
        if (text.Length > 0)
        {
            line.Raw(key);
            line.Value(text);
            line.Raw((byte)'"');
        }
    }

    private struct Place
    {
        public BoundedText? Written;
        private string? _virtualHost;
        private string? _route;
        private string? _cluster;
        private string? _file;
        private string? _path;
        private int _line;

        public readonly bool IsOf(RequestRecord record) =>
            ReferenceEquals(_route, record.Route) && ReferenceEquals(_virtualHost, record.VirtualHost) && ReferenceEquals(_cluster, record.Cluster)
            && ReferenceEquals(_path, record.RouteSource.Path) && ReferenceEquals(_file, record.RouteSource.File) && _line == record.RouteSource.Line;

        public void Keep(RequestRecord record, ReadOnlySpan<byte> written)
        {
            Written ??= new BoundedText(MaxKept);
            Written.Set(written);
            _route = Written.IsCut ? null : record.Route;
            _virtualHost = record.VirtualHost;
            _cluster = record.Cluster;
            _file = record.RouteSource.File;
            _path = record.RouteSource.Path;
            _line = record.RouteSource.Line;
        }
    }
}
