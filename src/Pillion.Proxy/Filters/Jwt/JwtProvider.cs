using System.Buffers.Text;
using System.Text;
using Pillion.Core.Configuration;
using Pillion.Net.Signatures;
using Pillion.Proxy.Filters.Jwt.Jose;
using Pillion.Proxy.Filters.Jwt.Keys;

namespace Pillion.Proxy.Filters.Jwt;

/// <summary>
/// An issuer while it is believed: its keys and, for each loop, the tokens that were verified. Verifying is done on the loop: it costs less than handing it over
/// would, and a token that came before costs a hash.
/// </summary>
internal sealed class JwtProvider
{
    private const int LongestToken = 64 * 1024;

    // A token that names no key is tried with this many; each costs what a signature costs.
    private const int MostTried = 16;

    private readonly TokenCache[] _caches;
    private readonly string[] _issuers;
    private readonly string[] _audiences;

    public JwtProvider(JwtProviderConfig config, KeySource keys, int loops)
    {
        Config = config;
        Keys = keys;
        _audiences = [.. config.Audiences];
        _issuers = config.Issuer is null ? [] : [config.Issuer];
        _caches = [.. Enumerable.Range(0, loops).Select(_ => new TokenCache(config.CacheSize))];
        Places =
        [
            .. config.FromHeaders.Select(header => new HeaderPlace(header)),
            .. config.FromParams.Select(name => new ParameterPlace(name)),
            .. config.FromCookies.Select(name => new CookiePlace(name)),
        ];
        ClaimHeaders = [.. config.ClaimHeaders.Select(header => Encoding.ASCII.GetBytes(header.Header))];
        PayloadHeader = config.PayloadHeader is { } name ? Encoding.ASCII.GetBytes(name) : null;
    }

    public JwtProviderConfig Config { get; }

    public KeySource Keys { get; }

    /// <summary>Where its tokens come, in the order in which they are looked for.</summary>
    public TokenPlace[] Places { get; }

    public byte[][] ClaimHeaders { get; }

    public byte[]? PayloadHeader { get; }

    /// <summary>Looks at a token. Loop thread only.</summary>
    /// <param name="audiences">Instead of the provider's own; null are those.</param>
    /// <param name="now">Seconds since 1970.</param>
    /// <param name="mayWait">The keys may be looked for again.</param>
    public JwtResult Verify(ReadOnlySpan<byte> token, int loop, string[]? audiences, long now, bool mayWait, out VerifiedToken? verified)
    {
        verified = null;
        if (Keys.Current is not { } keys)
        {
            return new(JwtOutcome.NoKeys, this, Keys.WhyNone, mayWait && Config.RemoteKeys is { WaitsForFirst: true } ? Keys.LookAgain() : null);
        }

        if (token.Length > LongestToken)
        {
            return new(JwtOutcome.Malformed, this, "the token is longer than 64 KiB");
        }

        verified = _caches[loop].Find(token, keys);
        if (verified is null)
        {
            var result = Read(token, keys, mayWait, out verified);
            if (!result.IsAllowed)
            {
                return result;
            }

            _caches[loop].Add(token, keys, verified!);
        }

        return Check(verified!.Claims, audiences ?? _audiences, now);
    }

    private JwtResult Read(ReadOnlySpan<byte> token, JsonWebKeys keys, bool mayWait, out VerifiedToken? verified)
    {
        verified = null;
        var first = token.IndexOf((byte)'.');
        var last = token.LastIndexOf((byte)'.');
        var signed = last < 0 ? default : token[..last];
        if (first <= 0 || last <= first + 1 || signed[(first + 1)..].Contains((byte)'.'))
        {
            return new(JwtOutcome.Malformed, this, "it is not three parts with dots between them");
        }

        if (Decode(token[..first]) is not { } headerJson || Decode(signed[(first + 1)..]) is not { } payload || Decode(token[(last + 1)..]) is not { } signature)
        {
            return new(JwtOutcome.Malformed, this, "a part of it is not base64url");
        }

        if (!JoseHeader.TryRead(headerJson, out var header))
        {
            return new(JwtOutcome.Malformed, this, "its header is not one of a token");
        }

        if (header.IsCritical)
        {
            return new(JwtOutcome.Malformed, this, "its header asks for extensions that are not understood");
        }

        if (header.Algorithm == SignatureAlgorithm.None)
        {
            return new(JwtOutcome.UnsupportedAlgorithm, this, $"its algorithm is {Shown(header.OtherAlgorithm)}; {JoseNames.Taken} are taken");
        }

        if (JwtClaims.Read(payload) is not { } claims)
        {
            return new(JwtOutcome.Malformed, this, "its payload is not a map of claims");
        }

        if (_issuers is [var issuer] && claims.Issuer != issuer)
        {
            return new(JwtOutcome.WrongIssuer, this, claims.Issuer is null ? "it names no issuer" : $"its issuer is {Shown(claims.Issuer)}");
        }

        var result = CheckSignature(header, signed, signature, keys, mayWait);
        if (result.IsAllowed)
        {
            verified = new VerifiedToken(
                claims,
                [.. Config.ClaimHeaders.Select(made => claims.HeaderValue(made.Claim, Config.ListsAsJson))],
                PayloadHeader is null ? null : Encoding.ASCII.GetBytes(Padded(signed[(first + 1)..])));
        }

        return result;
    }

    private JwtResult CheckSignature(JoseHeader header, ReadOnlySpan<byte> signed, ReadOnlySpan<byte> signature, JsonWebKeys keys, bool mayWait)
    {
        var isKnown = false;
        var tried = 0;
        foreach (var key in keys.Keys)
        {
            if (key.MayHaveSigned(header.Algorithm, header.KeyId))
            {
                isKnown = true;
                if (tried++ < MostTried && key.Key.Verify(header.Algorithm, signed, signature))
                {
                    return default;
                }
            }
        }

        if (isKnown && (header.KeyId is null || keys.Has(header.KeyId)))
        {
            return new(JwtOutcome.BadSignature, this, "its signature is not right");
        }

        // Issuers change their keys; the new ones may be there already.
        var wait = mayWait && (header.KeyId is null || !keys.Has(header.KeyId)) ? Keys.LookAgain() : null;
        return new(JwtOutcome.UnknownKey, this, header.KeyId is null ? "no key of the issuer is of its algorithm" : $"its key id {Shown(header.KeyId)} is not one of the issuer's for its algorithm", wait);
    }

    private JwtResult Check(JwtClaims claims, string[] audiences, long now)
    {
        var skew = (long)Config.ClockSkew.TotalSeconds;
        if (claims.Expires is { } expires)
        {
            if (now >= expires + skew)
            {
                return new(JwtOutcome.Expired, this, $"it expired {Span(now - expires)} ago");
            }

            if (Config.MaxLifetime > TimeSpan.Zero && expires > now + skew + (long)Config.MaxLifetime.TotalSeconds)
            {
                return new(JwtOutcome.LivesTooLong, this, $"it is good for {Span(expires - now)} more, which is longer than is taken");
            }
        }
        else if (Config.RequireExpiry || Config.MaxLifetime > TimeSpan.Zero)
        {
            return new(JwtOutcome.LivesTooLong, this, "it says no end, exp");
        }

        if (claims.NotBefore is { } begins && now + skew < begins)
        {
            return new(JwtOutcome.NotYetValid, this, $"it is not good before {Span(begins - now)} from now");
        }

        if (audiences.Length > 0 && !claims.HasAny("aud", audiences))
        {
            return new(JwtOutcome.WrongAudience, this, claims.TryGetClaim("aud", out var named) && named.Length > 0 ? $"it is for {Shown(string.Join(", ", named.ToArray()))}" : "it does not say whom it is for");
        }

        return default;
    }

    private string Padded(ReadOnlySpan<byte> payload)
    {
        var text = Encoding.ASCII.GetString(payload);
        return Config.PadsPayload ? text.PadRight((text.Length + 3) / 4 * 4, '=') : text;
    }

    // RFC 7515 §2: without padding, white space or line breaks.
    private static byte[]? Decode(ReadOnlySpan<byte> part) =>
        part.IndexOfAnyExcept(Letters) < 0 && Base64Url.IsValid(part) ? Base64Url.DecodeFromUtf8(part) : null;

    private static readonly System.Buffers.SearchValues<byte> Letters = System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"u8);

    private static string Shown(string? text) => ConfigError.Quote(text is { Length: > 64 } ? text[..64] + "…" : text ?? "");

    private static string Span(long seconds) =>
        seconds < 120 ? $"{seconds} s" : seconds < 7200 ? $"{seconds / 60} min" : seconds < 172_800 ? $"{seconds / 3600} h" : $"{seconds / 86_400} days";
}
