using Pillion.Core.Configuration.Reading;
using Pillion.Core.Resilience;
using Pillion.Net.Http;
using Pillion.Proxy.Forwarding;

namespace Pillion.Proxy.Filters.SizeLimits;

/// <summary>
/// Refuses bodies that announce to be too large, and leaves the counting of the others to what moves them: <see cref="RequestPump"/> and
/// <see cref="ResponseRelay"/>.
/// </summary>
internal sealed class SizeLimitFilter(SizeLimitConfig config, FilterContext context) : Filter(config, context)
{
    // Proxy-Status tells it to everybody; the line of the configuration is for those who may see it.
    private readonly string _cause = config.IsAnswer
        ? $"its body is larger than the {SizeText.Format(config.Bytes)} of max_response_body"
        : $"its body is larger than the {SizeText.Format(config.Bytes)} of max_request_body";

    public long Bytes => config.Bytes;

    public override ValueTask<bool> RequestAsync(Exchange exchange)
    {
        if (config.IsAnswer)
        {
            exchange.ResponseLimit = this;
            return new(true);
        }

        var request = exchange.Request;
        if (request.Body == BodyKind.Length && request.ContentLength > config.Bytes)
        {
            return RefuseAsync(exchange, Exceeded(exchange));
        }

        exchange.RequestLimit = this;
        return new(true);
    }

    /// <summary>More came than is allowed: says so in the record, once for an exchange.</summary>
    public Failure Exceeded(Exchange exchange)
    {
        if (exchange.Record.Verdicts is not [.., var last] || last.Policy != Name)
        {
            Tell(exchange, "too_large");
        }

        return config.IsAnswer
            ? new Failure(FailureSide.Upstream, FailureKind.ResponseTooLarge, SentAnything: true, ReceivedAnything: true, Cause: _cause)
            : new Failure(FailureSide.Downstream, FailureKind.RequestTooLarge, Cause: _cause);
    }
}
