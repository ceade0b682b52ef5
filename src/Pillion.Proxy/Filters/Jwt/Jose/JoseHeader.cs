using System.Text.Json;
using Pillion.Net.Signatures;

namespace Pillion.Proxy.Filters.Jwt.Jose;

/// <summary>
/// A token's JOSE header, as far as it is believed (RFC 7515 §4.1). Whatever in it points at a key (<c>jwk</c>, <c>jku</c>, <c>x5u</c>, <c>x5c</c>) is not looked at:
/// a token does not choose whom we trust.
/// </summary>
internal ref struct JoseHeader
{
    public SignatureAlgorithm Algorithm { get; private set; }

    /// <summary>The algorithm's name where it is not one that is taken.</summary>
    public string? OtherAlgorithm { get; private set; }

    public string? KeyId { get; private set; }

    /// <summary>It asks for extensions that must be understood; none are (RFC 7515 §4.1.11).</summary>
    public bool IsCritical { get; private set; }

    /// <summary>False: it is no header.</summary>
    public static bool TryRead(ReadOnlySpan<byte> json, out JoseHeader header)
    {
        header = default;
        var hasAlgorithm = false;
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 16 });
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                return false;
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isAlgorithm = reader.ValueTextEquals("alg"u8);
                var isKeyId = reader.ValueTextEquals("kid"u8);
                header.IsCritical |= reader.ValueTextEquals("crit"u8);
                reader.Read();
                if (isAlgorithm)
                {
                    // Said twice, two readers could see two algorithms.
                    if (reader.TokenType != JsonTokenType.String || hasAlgorithm)
                    {
                        return false;
                    }

                    hasAlgorithm = true;
                    header.Algorithm = JoseNames.Algorithm(ref reader);
                    header.OtherAlgorithm = header.Algorithm == SignatureAlgorithm.None ? reader.GetString() : null;
                }
                else if (isKeyId)
                {
                    if (reader.TokenType != JsonTokenType.String || header.KeyId is not null)
                    {
                        return false;
                    }

                    header.KeyId = reader.GetString();
                }
                else
                {
                    reader.Skip();
                }
            }

            return hasAlgorithm && reader.TokenType == JsonTokenType.EndObject && !reader.Read();
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // A text that is no UTF-8, or no JSON, is what strangers send.
            return false;
        }
    }
}
