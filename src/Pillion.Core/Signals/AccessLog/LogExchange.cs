using Pillion.Net.Http;

namespace Pillion.Core.Signals.AccessLog;

/// <summary>What a line is written from. The heads are null when there was none: a request that was no HTTP, a client that got no answer.</summary>
internal readonly ref struct LogExchange(RequestRecord record, RequestHead? request, ResponseHead? response, FieldList? trailers)
{
    public readonly RequestRecord Record = record;
    public readonly RequestHead? Request = request;
    public readonly ResponseHead? Response = response;
    public readonly FieldList? Trailers = trailers;
}
