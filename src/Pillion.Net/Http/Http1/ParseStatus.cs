namespace Pillion.Net.Http.Http1;

internal enum ParseStatus : byte
{
    /// <summary>Not yet: call again with more bytes.</summary>
    NeedMore,

    Done,

    /// <summary>The message breaks a rule; the connection cannot be used further.</summary>
    Error,
}
