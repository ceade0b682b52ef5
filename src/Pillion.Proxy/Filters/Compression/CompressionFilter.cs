using System.Text;
using Pillion.Net.Http;
using Pillion.Proxy.Forwarding;

namespace Pillion.Proxy.Filters.Compression;

/// <summary>
/// Decides on an answer's head whether its body is compressed; <see cref="CodedRelay"/> does it. Never what is compressed already, what may not be
/// changed, parts of a whole, gRPC, and what Pillion answers itself.
/// </summary>
internal sealed class CompressionFilter(CompressionConfig config, FilterContext context) : Filter(config, context)
{
    /// <summary>On one loop: an encoder holds a few hundred kilobytes from the first byte of a body to its last, and a stream of events may last for days.</summary>
    public const int MaxAtOnce = 64;

    private readonly byte[][] _types = [.. config.Types.Select(type => Encoding.ASCII.GetBytes(type.ToLowerInvariant()))];

    public override bool SeesAnswers => true;

    public override ValueTask<bool> RequestAsync(Exchange exchange)
    {
        var fields = exchange.Request.Fields;
        for (var i = 0; i < config.Encoders.Count; i++)
        {
            var quality = AcceptEncoding.Quality(fields, ContentCodings.Token(config.Encoders[i].Coding));
            if (quality > exchange.WantedCoding.Quality)
            {
                exchange.WantedCoding = new WantedCoding(this, i, quality);
            }
        }

        if (config.HidesAcceptEncoding)
        {
            fields.RemoveAll(KnownField.AcceptEncoding);
        }

        return new(true);
    }

    public override void Answer(Exchange exchange)
    {
        var response = exchange.Response;
        if (!MayCompress(exchange, response))
        {
            return;
        }

        // For caches, also where this client did not want it: the next one may.
        AddVary(response.Fields);
        var wanted = exchange.WantedCoding;
        if (wanted.By != this || response.Body == BodyKind.None || exchange.Request.Method == HttpMethod.Head)
        {
            return;
        }

        if (exchange.Loop.Coders >= MaxAtOnce || exchange.Loop.ShedsMirrors)
        {
            // A larger answer harms nobody; so many encoders would.
            Tell(exchange, "busy");
            return;
        }

        var encoder = config.Encoders[wanted.Encoder];
        ChangeEtag(response.Fields);
        response.Fields.RemoveAll(KnownField.ContentLength);
        response.Fields.RemoveAll("accept-ranges"u8);
        response.Fields.Add(KnownField.ContentEncoding, ContentCodings.Token(encoder.Coding));
        response.Body = BodyKind.Chunked;
        exchange.Code(encoder.Make());
        Tell(exchange, ContentCodings.Word(encoder.Coding));
    }

    private bool MayCompress(Exchange exchange, ResponseHead response)
    {
        var fields = response.Fields;
        return !exchange.Record.AnsweredLocally
            && response.Status is >= 200 and not 204 and not 206 and not 304
            && exchange.Request.Method != HttpMethod.Connect
            && !exchange.IsGrpc
            && exchange.ResponseCoder is null
            && !fields.Has(KnownField.ContentEncoding)
            && (response.Body != BodyKind.Length || response.ContentLength >= config.MinBytes)
            && IsOfType(fields.Get(KnownField.ContentType))
            && !ForbidsTransform(fields) && !ForbidsTransform(exchange.Request.Fields)
            && !NamesBytes(fields)
            && !IsLeftAlone(response.Status);
    }

    private bool IsOfType(ReadOnlySpan<byte> type)
    {
        var end = type.IndexOf((byte)';');
        type = HttpBytes.TrimOws(end < 0 ? type : type[..end]);
        foreach (var known in _types)
        {
            if (Ascii.EqualsIgnoreCase(type, known))
            {
                return true;
            }
        }

        return false;
    }

    // RFC 9111 §5.2.1.6 and §5.2.2.6.
    private static bool ForbidsTransform(FieldList fields)
    {
        for (var i = fields.IndexOf(KnownField.CacheControl); i >= 0; i = fields.IndexOf(KnownField.CacheControl, i + 1))
        {
            foreach (var directive in new FieldTokens(fields.Value(i)))
            {
                if (Ascii.EqualsIgnoreCase(directive, "no-transform"u8))
                {
                    return true;
                }
            }
        }

        return false;
    }

    // What stands for these very bytes (RFC 9530, RFC 9110 §14.4): with others behind it, it would be a lie. A weak ETag stands for the content.
    private bool NamesBytes(FieldList fields) =>
        fields.IndexOf("content-digest"u8) >= 0 || fields.IndexOf("repr-digest"u8) >= 0 || fields.IndexOf("digest"u8) >= 0 || fields.IndexOf("content-md5"u8) >= 0 ||
        fields.IndexOf("content-range"u8) >= 0 || (config.Etag == StrongEtag.Keep && fields.Has(KnownField.ETag));

    private bool IsLeftAlone(int status)
    {
        foreach (var left in config.LeftAlone.AsSpan())
        {
            if (left == status)
            {
                return true;
            }
        }

        return false;
    }

    private void ChangeEtag(FieldList fields)
    {
        var index = fields.IndexOf(KnownField.ETag);
        if (index < 0 || fields.Value(index).StartsWith("W/"u8))
        {
            return;
        }

        var tag = fields.Value(index);
        Span<byte> weak = stackalloc byte[256];
        if (config.Etag == StrongEtag.Remove || tag.Length + 2 > weak.Length)
        {
            fields.RemoveAll(KnownField.ETag);
            return;
        }

        "W/"u8.CopyTo(weak);
        tag.CopyTo(weak[2..]);
        fields.Set(KnownField.ETag, weak[..(tag.Length + 2)]);
    }

    private static void AddVary(FieldList fields)
    {
        for (var i = fields.IndexOf(KnownField.Vary); i >= 0; i = fields.IndexOf(KnownField.Vary, i + 1))
        {
            foreach (var name in new FieldTokens(fields.Value(i)))
            {
                if (name is [(byte)'*'] || Ascii.EqualsIgnoreCase(name, "accept-encoding"u8))
                {
                    return;
                }
            }
        }

        fields.Add(KnownField.Vary, "Accept-Encoding"u8);
    }
}
