using System.Text;
using Pillion.Core.Signals;
using Pillion.Net.Http;

namespace Pillion.Proxy.Filters.Credentials.ApiKeys;

/// <summary>Finds a key in a request's head, and takes it out. One object per thread's moment: what is found is valid until the request is edited.</summary>
internal sealed class KeySource(KeySourceConfig config)
{
    public const int LongestKey = 512;

    private readonly byte[] _name = Encoding.UTF8.GetBytes(config.Place == KeyPlace.Header ? config.Name.ToLowerInvariant() : config.Name);

    /// <summary>
    /// The key's length in <paramref name="room"/>: 0 is none; -1 is one that nobody can have, too long or given twice.
    /// </summary>
    public int Find(RequestHead request, Span<byte> room) => config.Place switch
    {
        KeyPlace.Header => FromHeader(request.Fields, room),
        KeyPlace.Query => FromQuery(request.Query, room),
        _ => FromCookies(request.Fields, room),
    };

    public void RemoveFrom(RequestHead request)
    {
        switch (config.Place)
        {
            case KeyPlace.Header:
                request.Fields.RemoveAll(_name);
                break;
            case KeyPlace.Query:
                if (Query.TryRemove(request.Target, _name, out var target))
                {
                    request.SetTarget(target);
                }

                break;
            default:
                Cookies.Remove(request.Fields, _name);
                break;
        }
    }

    /// <summary>Takes the key out of the target that was noted of the request.</summary>
    public void RemoveFrom(RequestRecord record)
    {
        if (config.Place == KeyPlace.Query && Query.TryRemove(record.Target.Span, _name, out var target))
        {
            record.Target.Set(target);
        }
    }

    private int FromHeader(FieldList fields, Span<byte> room)
    {
        var index = fields.IndexOf(_name);
        if (index < 0)
        {
            return 0;
        }

        if (fields.IndexOf(_name, index + 1) >= 0)
        {
            return -1;
        }

        // As Envoy: the scheme may stand before a key.
        var value = fields.Value(index);
        return Keep(value.StartsWith("Bearer "u8) ? value[7..] : value, room);
    }

    private int FromQuery(ReadOnlySpan<byte> query, Span<byte> room) => Query.TryFind(query, _name, out var value) ? Query.Decode(value, room) : 0;

    private int FromCookies(FieldList fields, Span<byte> room) => Cookies.TryFind(fields, _name, out var value) ? Keep(value, room) : 0;

    private static int Keep(ReadOnlySpan<byte> key, Span<byte> room)
    {
        if (key.Length > room.Length)
        {
            return -1;
        }

        key.CopyTo(room);
        return key.Length;
    }
}
