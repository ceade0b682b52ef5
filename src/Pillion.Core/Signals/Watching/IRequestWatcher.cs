using Pillion.Net.Http;

namespace Pillion.Core.Signals.Watching;

/// <summary>
/// Looks at every request as it ends, on the loop that served it. It neither waits nor throws, and keeps nothing of what it is shown: the record and the
/// heads are used again for the next request.
/// </summary>
internal interface IRequestWatcher
{
    /// <param name="request">As it was sent on, edits included; null where the connection was no HTTP.</param>
    void Ended(int loop, RequestRecord record, RequestHead? request, ResponseHead? response);
}
