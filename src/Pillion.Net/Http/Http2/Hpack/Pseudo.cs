namespace Pillion.Net.Http.Http2.Hpack;

/// <summary>The pseudo-fields of RFC 9113 §8.3 and RFC 8441 §4.</summary>
internal enum Pseudo : byte
{
    /// <summary>A regular field.</summary>
    None,
    Authority,
    Method,
    Path,
    Scheme,
    Status,
    Protocol,

    /// <summary>Begins with a colon and is none of these.</summary>
    Unknown,
}

/// <summary>Names to pseudo-fields and back.</summary>
internal static class Pseudos
{
    public static Pseudo Identify(ReadOnlySpan<byte> name)
    {
        if (name.IsEmpty || name[0] != ':')
        {
            return Pseudo.None;
        }

        for (var pseudo = Pseudo.Authority; pseudo < Pseudo.Unknown; pseudo++)
        {
            if (name.SequenceEqual(Name(pseudo)))
            {
                return pseudo;
            }
        }

        return Pseudo.Unknown;
    }

    public static ReadOnlySpan<byte> Name(Pseudo pseudo) => pseudo switch
    {
        Pseudo.Authority => ":authority"u8,
        Pseudo.Method => ":method"u8,
        Pseudo.Path => ":path"u8,
        Pseudo.Scheme => ":scheme"u8,
        Pseudo.Status => ":status"u8,
        Pseudo.Protocol => ":protocol"u8,
        _ => default,
    };
}
