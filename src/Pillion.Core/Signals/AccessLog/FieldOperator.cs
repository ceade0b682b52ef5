using System.Text;
using Pillion.Net.Http;

namespace Pillion.Core.Signals.AccessLog;

/// <summary>Whose fields an operator reads.</summary>
internal enum FieldSource : byte
{
    Request,
    Response,
    Trailers,
}

/// <summary>
/// A header field, with another one to take when it is missing and a greatest length: <c>REQ(X?Y):Z</c>. Several fields of the name are joined by
/// commas, as RFC 9110 §5.3 reads them.
/// </summary>
internal sealed class FieldOperator : LogOperator
{
    private readonly FieldSource _source;
    private readonly byte[] _name;
    private readonly KnownField _known;
    private readonly byte[]? _otherwise;
    private readonly int _maxLength;
    private readonly bool _withoutQuery;

    public FieldOperator(FieldSource source, string name, string? otherwise, int maxLength, bool withoutQuery)
    {
        _source = source;
        _name = Encoding.ASCII.GetBytes(name.ToLowerInvariant());
        _known = KnownFields.Identify(_name);
        _otherwise = otherwise is null ? null : Encoding.ASCII.GetBytes(otherwise.ToLowerInvariant());
        _maxLength = maxLength;
        _withoutQuery = withoutQuery;
    }

    public override bool Write(LineBuffer line, in LogExchange exchange) =>
        Write(line, exchange, _name) || (_otherwise is not null && Write(line, exchange, _otherwise));

    private bool Write(LineBuffer line, in LogExchange exchange, ReadOnlySpan<byte> name)
    {
        if (name[0] == ':')
        {
            return Pseudo(line, exchange, name);
        }

        var fields = _source switch
        {
            FieldSource.Request => exchange.Request?.Fields,
            FieldSource.Response => exchange.Response?.Fields,
            _ => exchange.Trailers,
        };
        // By number where it has one: a missing field, which most are, is then told without a search.
        var known = name == _name ? _known : KnownField.Other;
        var index = fields is null ? -1 : IndexOf(fields, known, name, 0);
        if (index < 0)
        {
            return Remembered(line, exchange.Record, name);
        }

        if (fields!.IsSecret(index))
        {
            line.Raw("[redacted]"u8);
            return true;
        }

        var room = _maxLength;
        room -= Value(line, fields.Value(index), room);
        for (var next = IndexOf(fields, known, name, index + 1); next >= 0 && room > 0; next = IndexOf(fields, known, name, next + 1))
        {
            line.Raw((byte)',');
            room -= 1 + Value(line, fields.Value(next), room - 1);
        }

        return true;
    }

    private static int IndexOf(FieldList fields, KnownField known, ReadOnlySpan<byte> name, int from) =>
        known == KnownField.Other ? fields.IndexOf(name, from) : fields.IndexOf(known, from);

    private bool Pseudo(LineBuffer line, in LogExchange exchange, ReadOnlySpan<byte> name)
    {
        var record = exchange.Record;
        var request = exchange.Request;
        if (_source == FieldSource.Response)
        {
            if (!name.SequenceEqual(":status"u8) || record.Status == 0)
            {
                return false;
            }

            line.Number(record.Status);
            return true;
        }

        // A head that could not be read leaves the record what was understood of it.
        return _source == FieldSource.Request && (
            name.SequenceEqual(":method"u8) ? Text(line, request is null || request.MethodName.IsEmpty ? record.Method.Span : request.MethodName) :
            name.SequenceEqual(":path"u8) ? Text(line, request is null || request.Target.IsEmpty ? record.Target.Span : request.Target) :
            name.SequenceEqual(":authority"u8) ? Text(line, request is null || request.Authority.IsEmpty ? record.Authority.Span : request.Authority) :
            name.SequenceEqual(":scheme"u8) && Text(line, request is { IsHttps: true } ? "https"u8 : "http"u8));
    }

    // Two fields that Envoy always has and Pillion may not have to send: their values are known all the same.
    private bool Remembered(LineBuffer line, RequestRecord record, ReadOnlySpan<byte> name)
    {
        if (_source == FieldSource.Request && name.SequenceEqual("x-request-id"u8))
        {
            return Text(line, record.Id.Span);
        }

        if (_source == FieldSource.Response && name.SequenceEqual("x-envoy-upstream-service-time"u8)
            && record is { UpstreamStartedMicros: >= 0, UpstreamAnsweredMicros: >= 0 })
        {
            line.Number((record.UpstreamAnsweredMicros - record.UpstreamStartedMicros) / 1000);
            return true;
        }

        return false;
    }

    private bool Text(LineBuffer line, ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty)
        {
            return false;
        }

        Value(line, text, _maxLength);
        return true;
    }

    private int Value(LineBuffer line, ReadOnlySpan<byte> value, int room)
    {
        if (_withoutQuery && value.IndexOf((byte)'?') is >= 0 and var query)
        {
            value = value[..query];
        }

        value = value[..Math.Min(value.Length, Math.Max(room, 0))];
        line.Value(value);
        return value.Length;
    }
}
