namespace Pillion.Net.Http.Http1;

/// <summary>
/// What a violation means to the client: a status and a sentence. An upstream's violations become 502, whatever stands here.
/// </summary>
internal static class HttpViolations
{
    public static int Status(HttpViolation violation) => violation switch
    {
        HttpViolation.TargetTooLong => 414,
        HttpViolation.HeadTooLarge or HttpViolation.TooManyFields or HttpViolation.FieldNameTooLong or
            HttpViolation.TrailersTooLarge or HttpViolation.TooManyTrailers => 431,
        HttpViolation.MethodTooLong or HttpViolation.UnknownTransferCoding => 501,
        HttpViolation.UnsupportedVersion or HttpViolation.Http2Preface or HttpViolation.Http10NotAccepted => 505,
        _ => 400,
    };

    public static string Sentence(HttpViolation violation) => violation switch
    {
        HttpViolation.None => "No rule was broken.",
        HttpViolation.BareLineFeed => "A line ends in LF without CR.",
        HttpViolation.BareCarriageReturn => "A CR is not followed by LF.",
        HttpViolation.NulByte => "The head holds a NUL byte.",
        HttpViolation.ControlByte => "The head holds a control byte.",
        HttpViolation.HeadTooLarge => "The head is larger than allowed.",
        HttpViolation.TooManyFields => "The head has more fields than allowed.",
        HttpViolation.BadRequestLine => "The request line is not method, target and version with one space between them.",
        HttpViolation.BadMethod => "The method is not a token.",
        HttpViolation.MethodTooLong => "The method is longer than any known one.",
        HttpViolation.BadTarget => "The request target is not of a form that the method allows, or holds a byte that must be percent-encoded.",
        HttpViolation.TargetTooLong => "The request target is longer than allowed.",
        HttpViolation.FragmentInTarget => "The request target holds a '#'.",
        HttpViolation.BackslashInPath => "The path holds a backslash, which some applications read as a slash.",
        HttpViolation.EncodedNul => "The path holds %00.",
        HttpViolation.BadScheme => "The scheme of the request target is neither http nor https.",
        HttpViolation.AsteriskNotOptions => "The request target '*' is for OPTIONS only.",
        HttpViolation.ConnectNeedsAuthority => "The target of CONNECT must be a host and a port.",
        HttpViolation.BadVersion => "The version is not written as HTTP/1.1.",
        HttpViolation.UnsupportedVersion => "The HTTP version is not spoken here.",
        HttpViolation.Http2Preface => "The client began with HTTP/2 where HTTP/1.1 is spoken.",
        HttpViolation.Http10NotAccepted => "This listener does not accept HTTP/1.0.",
        HttpViolation.BadStatusLine => "The status line is not a version and a status of three digits.",
        HttpViolation.BadFieldLine => "A field line has no colon or begins with white space.",
        HttpViolation.BadFieldName => "A field name is empty or holds a byte that is not allowed.",
        HttpViolation.FieldNameTooLong => "A field name is too long.",
        HttpViolation.SpaceBeforeColon => "There is white space between a field name and its colon.",
        HttpViolation.FoldedField => "A field value is folded over several lines.",
        HttpViolation.AliasedUnderscore => "A field name imitates, with underscores, one that the proxy sets or a policy reads.",
        HttpViolation.MissingHost => "The request has no Host field.",
        HttpViolation.RepeatedHost => "The request has more than one Host field.",
        HttpViolation.BadHost => "The host is not a name or an address with an optional port.",
        HttpViolation.BadContentLength => "Content-Length is not a number.",
        HttpViolation.RepeatedContentLength => "Content-Length is given more than once.",
        HttpViolation.ConflictingContentLength => "Content-Length is given twice with different values.",
        HttpViolation.LengthAndChunked => "The message has both Content-Length and Transfer-Encoding.",
        HttpViolation.ChunkedHttp10 => "An HTTP/1.0 message has Transfer-Encoding.",
        HttpViolation.BadTransferEncoding => "Transfer-Encoding is malformed or names chunked twice.",
        HttpViolation.NotChunkedLast => "The last transfer coding is not chunked.",
        HttpViolation.UnknownTransferCoding => "A transfer coding other than chunked is used.",
        HttpViolation.BodyOnConnect => "A CONNECT request announces a body.",
        HttpViolation.BadChunkSize => "A chunk size is not a hexadecimal number.",
        HttpViolation.ChunkTooLarge => "A chunk size is too large.",
        HttpViolation.BadChunkExtension => "A chunk extension is malformed.",
        HttpViolation.ChunkLineTooLong => "The line of a chunk size is too long.",
        HttpViolation.TooManyExtensions => "The chunk extensions outweigh the data.",
        HttpViolation.BadChunkEnd => "The data of a chunk is not followed by CRLF.",
        HttpViolation.TrailersTooLarge => "The trailer section is larger than allowed.",
        HttpViolation.TooManyTrailers => "The trailer section has more fields than allowed.",
        HttpViolation.BadPseudoField => "A pseudo-field is missing, unknown, repeated or out of its place.",
        HttpViolation.UpperCaseFieldName => "A field name has an upper-case letter, which HTTP/2 does not allow.",
        HttpViolation.ConnectionSpecificField => "The message has a field of the connection, such as Transfer-Encoding, which HTTP/2 does not have.",
        HttpViolation.BadFieldValue => "A field value holds a byte that no value may hold, or white space around it.",
        HttpViolation.BodyNotAsAnnounced => "The body is not as long as the head said.",
        _ => throw new ArgumentOutOfRangeException(nameof(violation)),
    };
}
