namespace Pillion.Net.Http.Http1;

/// <summary>The rule a message broke, one member per rule; <see cref="HttpViolations"/> has the status and the sentence.</summary>
internal enum HttpViolation : byte
{
    None,

    // lines
    BareLineFeed,
    BareCarriageReturn,
    NulByte,
    ControlByte,
    HeadTooLarge,
    TooManyFields,

    // request line
    BadRequestLine,
    BadMethod,
    MethodTooLong,
    BadTarget,
    TargetTooLong,
    FragmentInTarget,
    BackslashInPath,
    EncodedNul,
    BadScheme,
    AsteriskNotOptions,
    ConnectNeedsAuthority,
    BadVersion,
    UnsupportedVersion,
    Http2Preface,
    Http10NotAccepted,

    // status line
    BadStatusLine,

    // fields
    BadFieldLine,
    BadFieldName,
    FieldNameTooLong,
    SpaceBeforeColon,
    FoldedField,
    AliasedUnderscore,
    MissingHost,
    RepeatedHost,
    BadHost,

    // framing
    BadContentLength,
    RepeatedContentLength,
    ConflictingContentLength,
    LengthAndChunked,
    ChunkedHttp10,
    BadTransferEncoding,
    NotChunkedLast,
    UnknownTransferCoding,
    BodyOnConnect,

    // chunks
    BadChunkSize,
    ChunkTooLarge,
    BadChunkExtension,
    ChunkLineTooLong,
    TooManyExtensions,
    BadChunkEnd,
    TrailersTooLarge,
    TooManyTrailers,

    // HTTP/2 messages
    BadPseudoField,
    UpperCaseFieldName,
    ConnectionSpecificField,
    BadFieldValue,
    BodyNotAsAnnounced,
}
