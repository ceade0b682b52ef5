namespace Pillion.Net.Http.Http2.Hpack;

/// <summary>The static table of RFC 7541 appendix A, with what we know of each entry.</summary>
internal static class StaticTable
{
    public const int Count = 61;

    public const int MethodGet = 2;
    public const int MethodPost = 3;
    public const int PathRoot = 4;
    public const int SchemeHttp = 6;
    public const int SchemeHttps = 7;
    public const int Status200 = 8;
    public const int AcceptEncodingCommon = 16;

    // Index 0 is no entry.
    private static readonly byte[][] Names = new byte[Count + 1][];
    private static readonly byte[][] Values = new byte[Count + 1][];
    private static readonly KnownField[] KnownNames = new KnownField[Count + 1];
    private static readonly Pseudo[] PseudoNames = new Pseudo[Count + 1];
    private static readonly byte[] IndexOfKnown = new byte[64];
    private static readonly byte[] IndexOfPseudo = new byte[8];

    static StaticTable()
    {
        ReadOnlySpan<string> entries =
        [
            ":authority|", ":method|GET", ":method|POST", ":path|/", ":path|/index.html", ":scheme|http", ":scheme|https", ":status|200",
            ":status|204", ":status|206", ":status|304", ":status|400", ":status|404", ":status|500", "accept-charset|",
            "accept-encoding|gzip, deflate", "accept-language|", "accept-ranges|", "accept|", "access-control-allow-origin|", "age|",
            "allow|", "authorization|", "cache-control|", "content-disposition|", "content-encoding|", "content-language|",
            "content-length|", "content-location|", "content-range|", "content-type|", "cookie|", "date|", "etag|", "expect|",
            "expires|", "from|", "host|", "if-match|", "if-modified-since|", "if-none-match|", "if-range|", "if-unmodified-since|",
            "last-modified|", "link|", "location|", "max-forwards|", "proxy-authenticate|", "proxy-authorization|", "range|", "referer|",
            "refresh|", "retry-after|", "server|", "set-cookie|", "strict-transport-security|", "transfer-encoding|", "user-agent|",
            "vary|", "via|", "www-authenticate|",
        ];
        for (var index = Count; index > 0; index--)
        {
            var entry = entries[index - 1];
            var separator = entry.IndexOf('|', StringComparison.Ordinal);
            var name = System.Text.Encoding.ASCII.GetBytes(entry[..separator]);
            Names[index] = name;
            Values[index] = System.Text.Encoding.ASCII.GetBytes(entry[(separator + 1)..]);
            KnownNames[index] = KnownFields.Identify(name);
            PseudoNames[index] = Pseudos.Identify(name);

            // Backwards, so that the first entry of a name is the one that stays.
            IndexOfKnown[(int)KnownNames[index]] = (byte)index;
            IndexOfPseudo[(int)PseudoNames[index]] = (byte)index;
        }

        IndexOfKnown[(int)KnownField.Other] = 0;
        IndexOfPseudo[(int)Pseudo.None] = 0;
    }

    /// <summary>The first entry of this name, or 0.</summary>
    public static int IndexOf(KnownField known) => IndexOfKnown[(int)known];

    public static int IndexOf(Pseudo pseudo) => IndexOfPseudo[(int)pseudo];

    public static ReadOnlySpan<byte> Name(int index) => Names[index];

    public static void Get(int index, ref HpackField field)
    {
        field.Name = Names[index];
        field.Value = Values[index];
        field.Known = KnownNames[index];
        field.Pseudo = PseudoNames[index];
        field.Flaws = FieldFlaws.None;
    }
}
