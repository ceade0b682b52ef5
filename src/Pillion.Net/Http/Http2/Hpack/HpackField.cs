namespace Pillion.Net.Http.Http2.Hpack;

/// <summary>A field as it was read; its bytes are valid until the next one is read.</summary>
internal ref struct HpackField
{
    public ReadOnlySpan<byte> Name;
    public ReadOnlySpan<byte> Value;
    public KnownField Known;
    public Pseudo Pseudo;
    public FieldFlaws Flaws;

    /// <summary>Its sender wants it in no table, here and further on (RFC 7541 §6.2.3).</summary>
    public bool IsSensitive;

    /// <summary>It is larger than the room that was left for it; name and value are empty.</summary>
    public bool IsOversized;
}
