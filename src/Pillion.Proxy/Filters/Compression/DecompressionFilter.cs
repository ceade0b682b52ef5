using Pillion.Core.Configuration.Reading;
using Pillion.Net.Http;
using Pillion.Proxy.Forwarding;
using Pillion.Proxy.Forwarding.Coding;

namespace Pillion.Proxy.Filters.Compression;

/// <summary>Has bodies unpacked, by the request pump and the relay of answers, and says in the heads that they are.</summary>
internal sealed class DecompressionFilter(DecompressionConfig config, FilterContext context) : Filter(config, context)
{
    private readonly string _cause = config.MaxBytes > 0
        ? $"its body unpacks to more than {SizeText.Format(config.MaxBytes)} or {config.MaxRatio} times its size"
        : $"its body unpacks to more than {config.MaxRatio} times its size";

    public override bool SeesAnswers => config.Answers;

    public override ValueTask<bool> RequestAsync(Exchange exchange)
    {
        var request = exchange.Request;
        if (config.Requests && request.Body != BodyKind.None && request.Method != HttpMethod.Connect && !exchange.IsGrpc && exchange.RequestCoder is null && CodingOf(request) is { } coding)
        {
            exchange.RequestCoder = Unpack(request, coding);
            Tell(exchange, "unpacked_request");
        }

        if (config.Advertises)
        {
            foreach (var known in config.Codings.AsSpan())
            {
                if (AcceptEncoding.Quality(request.Fields, ContentCodings.Token(known)) == 0)
                {
                    request.Fields.Add(KnownField.AcceptEncoding, ContentCodings.Token(known));
                }
            }
        }

        return new(true);
    }

    public override void Answer(Exchange exchange)
    {
        var response = exchange.Response;
        if (exchange.Record.AnsweredLocally || exchange.IsGrpc || exchange.ResponseCoder is not null || response.Status is < 200 or 204 or 206 or 304 ||
            response.Body == BodyKind.None || exchange.Request.Method is HttpMethod.Connect or HttpMethod.Head || CodingOf(response) is not { } coding ||
            (!config.AnswersAlways && AcceptEncoding.Quality(exchange.Request.Fields, ContentCodings.Token(coding)) > 0))
        {
            return;
        }

        exchange.Code(Unpack(response, coding));
        Tell(exchange, "unpacked_answer");
    }

    private ContentCoding? CodingOf(Head head)
    {
        if (ContentCodings.Of(head.Fields) is { } coding)
        {
            foreach (var known in config.Codings.AsSpan())
            {
                if (known == coding)
                {
                    return coding;
                }
            }
        }

        return null;
    }

    private CappedBody Unpack(Head head, ContentCoding coding)
    {
        head.Fields.RemoveAll(KnownField.ContentEncoding);
        head.Fields.RemoveAll(KnownField.ContentLength);

        // They are about the packed bytes (RFC 9530); whoever checked them would see a forgery.
        head.Fields.RemoveAll("content-digest"u8);
        head.Fields.RemoveAll("repr-digest"u8);
        head.Fields.RemoveAll("digest"u8);
        head.Fields.RemoveAll("content-md5"u8);
        head.Body = BodyKind.Chunked;
        return new CappedBody(ContentCodings.Decoder(coding), config.MaxBytes, config.MaxRatio, _cause);
    }
}
