using System.Text.Json;
using Pillion.Proxy.Filters.Callers;

namespace Pillion.Proxy.Filters.Jwt.Jose;

/// <summary>
/// The claims of a token (RFC 7519 §4), each under its path, so that asking costs one look and no memory. A name with dots of its own comes before the same path
/// through maps.
/// </summary>
internal sealed class JwtClaims : IClaims
{
    private const int MostClaims = 1000;
    private const int MostDepth = 8;

    private readonly Dictionary<string, Claim> _claims = new(StringComparer.Ordinal);
    private Dictionary<string, Claim>.AlternateLookup<ReadOnlySpan<char>> _lookup;

    private JwtClaims()
    {
    }

    public string? Issuer { get; private set; }

    public string? Subject { get; private set; }

    /// <summary>Seconds since 1970; null where the token does not say.</summary>
    public long? Expires { get; private set; }

    /// <inheritdoc cref="Expires"/>
    public long? NotBefore { get; private set; }

    /// <summary>Null where the payload is not a map of claims, says one of them twice, or says a registered one in a way that it cannot be said.</summary>
    public static JwtClaims? Read(ReadOnlySpan<byte> json)
    {
        var claims = new JwtClaims();
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 32 });
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject || !claims.ReadMap(ref reader, json, "", depth: 0) || reader.Read())
            {
                return null;
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return null;
        }

        claims._lookup = claims._claims.GetAlternateLookup<ReadOnlySpan<char>>();
        return claims.ReadRegistered() ? claims : null;
    }

    public bool TryGetClaim(ReadOnlySpan<char> path, out ReadOnlySpan<string> values)
    {
        var found = _lookup.TryGetValue(path, out var claim);
        values = found ? claim!.Values : default;
        return found;
    }

    /// <summary>A claim is one of these, or a list that has one.</summary>
    public bool HasAny(ReadOnlySpan<char> path, ReadOnlySpan<string> wanted) =>
        TryGetClaim(path, out var values) && values.ContainsAny(wanted);

    /// <summary>What a header carries of a claim; null where there is no such claim, or it holds what no header can.</summary>
    /// <param name="asJson">A list or a map becomes base64url of its JSON.</param>
    public byte[]? HeaderValue(string path, bool asJson)
    {
        if (!_claims.TryGetValue(path, out var claim) || (claim.IsMap && !asJson))
        {
            return null;
        }

        var text = claim.Json is { } json && asJson ? System.Buffers.Text.Base64Url.EncodeToString(json) : string.Join(',', claim.Values);
        var bytes = System.Text.Encoding.UTF8.GetBytes(text);
        return bytes.AsSpan().IndexOfAny(Net.Http.HttpBytes.Controls) >= 0 ? null : bytes;
    }

    private bool ReadMap(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, string prefix, int depth)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;

            // RFC 7519 §4 lets a reader take the last of two; whoever reads the first would see another token.
            if (!names.Add(name))
            {
                return false;
            }

            reader.Read();
            if (!ReadValue(ref reader, json, prefix + name, depth))
            {
                return false;
            }
        }

        return reader.TokenType == JsonTokenType.EndObject;
    }

    private bool ReadValue(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, string path, int depth)
    {
        var start = (int)reader.TokenStartIndex;
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject when depth < MostDepth:
                if (!ReadMap(ref reader, json, path + ".", depth + 1))
                {
                    return false;
                }

                return Add(path, new Claim([], IsMap: true, json[start..(int)reader.BytesConsumed].ToArray()), depth);
            case JsonTokenType.StartObject:
                reader.Skip();
                return Add(path, new Claim([], IsMap: true, null), depth);
            case JsonTokenType.StartArray:
                var values = new List<string>();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    if (Scalar(ref reader) is { } value)
                    {
                        values.Add(value);
                    }
                    else
                    {
                        reader.Skip();
                    }
                }

                return Add(path, new Claim([.. values], IsMap: false, json[start..(int)reader.BytesConsumed].ToArray()), depth);
            default:
                return Scalar(ref reader) is not { } text || Add(path, new Claim([text], IsMap: false, null), depth);
        }
    }

    private bool Add(string path, Claim claim, int depth)
    {
        if (_claims.Count >= MostClaims)
        {
            return false;
        }

        if (depth == 0)
        {
            _claims[path] = claim with { IsOwnName = true };
        }
        else if (!_claims.TryGetValue(path, out var before) || !before.IsOwnName)
        {
            _claims[path] = claim;
        }

        return true;
    }

    private static string? Scalar(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.String => reader.GetString(),
        JsonTokenType.Number => System.Text.Encoding.ASCII.GetString(reader.ValueSpan),
        JsonTokenType.True => "true",
        JsonTokenType.False => "false",
        _ => null,
    };

    private bool ReadRegistered()
    {
        if (!One("iss", out var issuer) || !One("sub", out var subject) || !Date("exp", out var expires) || !Date("nbf", out var notBefore))
        {
            return false;
        }

        (Issuer, Subject, Expires, NotBefore) = (issuer, subject, expires, notBefore);
        return true;
    }

    private bool One(string name, out string? value)
    {
        value = null;
        if (!_claims.TryGetValue(name, out var claim))
        {
            return true;
        }

        value = claim is { Json: null, Values: [var only] } ? only : null;
        return value is not null;
    }

    // RFC 7519 §2: seconds, perhaps with a fraction.
    private bool Date(string name, out long? seconds)
    {
        seconds = null;
        if (!One(name, out var text) || text is null)
        {
            return text is null && !_claims.ContainsKey(name);
        }

        if (!double.TryParse(text, System.Globalization.NumberStyles.Float, System.Globalization.CultureInfo.InvariantCulture, out var number) || Math.Abs(number) > 1e12)
        {
            return false;
        }

        seconds = (long)Math.Floor(number);
        return true;
    }

    /// <param name="Values">What it is, or what is in the list; none of a map.</param>
    /// <param name="Json">Of a list or a map.</param>
    private sealed record Claim(string[] Values, bool IsMap, byte[]? Json)
    {
        public bool IsOwnName { get; init; }
    }
}
