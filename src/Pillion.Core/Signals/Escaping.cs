namespace Pillion.Core.Signals;

/// <summary>How foreign text is made harmless in a line: nobody outside may end a line, close a quote or steer a terminal.</summary>
internal enum Escaping : byte
{
    None,

    /// <summary>Every byte but printable ASCII, and the quote and the backslash, as <c>\xNN</c>.</summary>
    Text,

    /// <summary>RFC 8259 §7; bytes that are not UTF-8 become U+FFFD.</summary>
    Json,
}
