using Pillion.Net.Http;
using Pillion.Net.Http.Http1;
using Xunit;

namespace Pillion.Tests.Net.Http.Http1;

/// <summary>Each rule, as it is by default and switched off alone, with raw bytes split at every position.</summary>
public sealed class RequestRulesTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: a\r\n";
    private const string Post = "POST / HTTP/1.1\r\nHost: a\r\n";

    private static readonly Dictionary<string, Case> Cases = new()
    {
        ["length and chunked"] = new(Post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", HttpViolation.LengthAndChunked,
            r => r with { RejectLengthAndChunked = false }, "body=Chunked:0 close [Host: a] [Transfer-Encoding: chunked] end"),
        ["chunked and length"] = new(Post + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", HttpViolation.LengthAndChunked,
            r => r with { RejectLengthAndChunked = false }, "body=Chunked:0 close [Host: a] [Transfer-Encoding: chunked] end"),
        ["equal lengths"] = new(Post + "Content-Length: 3\r\nContent-Length: 3\r\n\r\n", HttpViolation.RepeatedContentLength,
            r => r with { RejectRepeatedLength = false }, "body=Length:3 keep [Host: a] [Content-Length: 3] end"),
        ["equal lengths in a list"] = new(Post + "Content-Length: 3, 3\r\n\r\n", HttpViolation.RepeatedContentLength,
            r => r with { RejectRepeatedLength = false }, "body=Length:3 keep [Host: a] [Content-Length: 3] end"),
        ["different lengths"] = new(Post + "Content-Length: 3\r\nContent-Length: 4\r\n\r\n", HttpViolation.RepeatedContentLength,
            r => r with { RejectRepeatedLength = false }, nameof(HttpViolation.ConflictingContentLength)),
        ["chunked in 1.0"] = new("POST / HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n", HttpViolation.ChunkedHttp10,
            r => r with { RejectChunkedHttp10 = false }, "v=10 body=Chunked:0 close"),
        ["bare LF behind the request line"] = new("GET / HTTP/1.1\nHost: a\r\n\r\n", HttpViolation.BareLineFeed,
            r => r with { RejectBareLineFeed = false }, "authority=a v=11 body=None:0 keep [Host: a] end=26"),
        ["bare LF everywhere"] = new("\nGET / HTTP/1.1\nHost: a\n\n", HttpViolation.BareLineFeed,
            r => r with { RejectBareLineFeed = false }, "[Host: a] end=25"),
        ["bare LF behind a field"] = new(Get + "A: b\n\r\n", HttpViolation.BareLineFeed,
            r => r with { RejectBareLineFeed = false }, "[A: b] end"),
        ["bare CR"] = new(Get + "A: b\rc\r\n\r\n", HttpViolation.BareCarriageReturn,
            r => r with { RejectBareLineFeed = false, RejectControlBytes = false }, nameof(HttpViolation.BareCarriageReturn)),
        ["fold"] = new(Get + "A: b\r\n \t c\r\n\td \r\nE: f\r\n\r\n", HttpViolation.FoldedField,
            r => r with { RejectFolding = false }, "[A: b c d] [E: f] end"),
        ["fold behind nothing"] = new(Get + "A:\r\n b  c\r\n  \r\n\r\n", HttpViolation.FoldedField,
            r => r with { RejectFolding = false }, "[A: b  c] end"),
        ["folded length"] = new(Post + "Content-Length:\r\n 5\r\n\r\n", HttpViolation.FoldedField,
            r => r with { RejectFolding = false }, "body=Length:5"),
        ["length continued by a fold"] = new(Post + "Content-Length: 5\r\n 5\r\n\r\n", HttpViolation.FoldedField,
            r => r with { RejectFolding = false }, nameof(HttpViolation.BadContentLength)),
        ["fold before the first field"] = new("GET / HTTP/1.1\r\n A: b\r\nHost: a\r\n\r\n", HttpViolation.FoldedField,
            r => r with { RejectFolding = false }, nameof(HttpViolation.BadFieldLine)),
        ["space before the colon"] = new(Post + "Content-Length \t: 3\r\n\r\n", HttpViolation.SpaceBeforeColon,
            r => r with { RejectSpaceBeforeColon = false }, "body=Length:3 keep [Host: a] [Content-Length: 3] end"),
        ["control byte in a value"] = new(Get + "A: b\u0001c\u007f\r\n\r\n", HttpViolation.ControlByte,
            r => r with { RejectControlBytes = false }, "[A: b\u0001c\u007f] end"),
        ["control byte in a name"] = new(Get + "A\u0001: b\r\n\r\n", HttpViolation.ControlByte,
            r => r with { RejectControlBytes = false }, nameof(HttpViolation.BadFieldName)),
        ["control byte in a target"] = new("GET /\u0001 HTTP/1.1\r\nHost: a\r\n\r\n", HttpViolation.ControlByte,
            r => r with { RejectControlBytes = false }, nameof(HttpViolation.BadTarget)),
        ["NUL"] = new(Get + "A: \0\r\n\r\n", HttpViolation.NulByte,
            r => r with { RejectControlBytes = false }, nameof(HttpViolation.NulByte)),
        ["no host"] = new("GET / HTTP/1.1\r\n\r\n", HttpViolation.MissingHost,
            r => r with { RequireOneHost = false }, "authority= v=11"),
        ["two hosts"] = new(Get + "A: b\r\nHost: c\r\nhost: d\r\n\r\n", HttpViolation.RepeatedHost,
            r => r with { RequireOneHost = false }, "authority=a v=11 body=None:0 keep [Host: a] [A: b] end"),
        ["two hosts in 1.0"] = new("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", HttpViolation.RepeatedHost,
            r => r with { RequireOneHost = false }, "authority=a v=10"),
        ["%00"] = new("GET /a%00?b HTTP/1.1\r\nHost: a\r\n\r\n", HttpViolation.EncodedNul,
            r => r with { RejectEncodedNul = false }, "/a%00?b form=Origin"),
        ["backslash"] = new("GET /..\\a HTTP/1.1\r\nHost: a\r\n\r\n", HttpViolation.BackslashInPath,
            r => r with { NormalizeDotSegments = false }, "/..\\a form=Origin"),
        ["underscores of X-Forwarded-For"] = new(Get + "x_forwarded-FOR: 1.2.3.4\r\n\r\n", HttpViolation.AliasedUnderscore,
            r => r with { RejectAliasedUnderscores = false }, "[x_forwarded-FOR: 1.2.3.4]"),
        ["underscores of Content-Length"] = new(Get + "Content_Length: 1\r\n\r\n", HttpViolation.AliasedUnderscore,
            r => r with { RejectAliasedUnderscores = false }, "body=None:0 keep [Host: a] [Content_Length: 1]"),
        ["underscores of an Envoy field"] = new(Get + "x_envoy_anything: 1\r\n\r\n", HttpViolation.AliasedUnderscore,
            r => r with { RejectAliasedUnderscores = false }, "[x_envoy_anything: 1]"),
        ["HTTP/1.0 where it is not accepted"] = new("GET / HTTP/1.0\r\n\r\n", HttpViolation.Http10NotAccepted,
            r => r with { AcceptHttp10 = true }, "v=10", HttpRules.Default with { AcceptHttp10 = false }),
    };

    private static readonly Dictionary<string, Case> Always = new()
    {
        ["length with a sign"] = new(Post + "Content-Length: +3\r\n\r\n", HttpViolation.BadContentLength),
        ["negative length"] = new(Post + "Content-Length: -3\r\n\r\n", HttpViolation.BadContentLength),
        ["empty length"] = new(Post + "Content-Length:\r\n\r\n", HttpViolation.BadContentLength),
        ["length in hexadecimal"] = new(Post + "Content-Length: 0x3\r\n\r\n", HttpViolation.BadContentLength),
        ["length with a space"] = new(Post + "Content-Length: 1 2\r\n\r\n", HttpViolation.BadContentLength),
        ["length that overflows"] = new(Post + "Content-Length: 9223372036854775808\r\n\r\n", HttpViolation.BadContentLength),
        ["length list with a hole"] = new(Post + "Content-Length: 3,\r\n\r\n", HttpViolation.BadContentLength),
        ["identity"] = new(Post + "Transfer-Encoding: identity\r\n\r\n", HttpViolation.NotChunkedLast),
        ["chunked not last"] = new(Post + "Transfer-Encoding: chunked, gzip\r\n\r\n", HttpViolation.NotChunkedLast),
        ["chunked with a parameter"] = new(Post + "Transfer-Encoding: chunked;a=b\r\n\r\n", HttpViolation.NotChunkedLast),
        ["xchunked"] = new(Post + "Transfer-Encoding: xchunked\r\n\r\n", HttpViolation.NotChunkedLast),
        ["empty coding"] = new(Post + "Transfer-Encoding:\r\n\r\n", HttpViolation.BadTransferEncoding),
        ["coding list with a hole"] = new(Post + "Transfer-Encoding: ,chunked\r\n\r\n", HttpViolation.BadTransferEncoding),
        ["chunked twice"] = new(Post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", HttpViolation.BadTransferEncoding),
        ["gzip before chunked"] = new(Post + "Transfer-Encoding: gzip, chunked\r\n\r\n", HttpViolation.UnknownTransferCoding),
        ["gzip before chunked in two fields"] = new(Post + "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n", HttpViolation.UnknownTransferCoding),
        ["length on CONNECT"] = new("CONNECT a:1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n", HttpViolation.BodyOnConnect),
        ["chunked CONNECT"] = new("CONNECT a:1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", HttpViolation.BodyOnConnect),
    };

    public static TheoryData<string> CaseNames => new(Cases.Keys);

    public static TheoryData<string> AlwaysNames => new(Always.Keys);

    [Theory]
    [MemberData(nameof(CaseNames))]
    public void A_rule_rejects_by_default_and_can_be_switched_off(string name)
    {
        var (raw, strict, off, lenient, rules) = Cases[name];
        Assert.Equal(strict.ToString(), AnySplit.Request(raw, rules ?? HttpRules.Default));
        Assert.Contains(lenient!, AnySplit.Request(raw, off!(rules ?? HttpRules.Default)), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(AlwaysNames))]
    public void What_no_rule_allows_is_always_rejected(string name) =>
        Assert.Equal(Always[name].Strict.ToString(), AnySplit.Request(Always[name].Raw));

    [Fact]
    public void Dot_segments_stay_where_the_rule_is_off() =>
        Assert.StartsWith(
            "GET(Get) /a/../%2e/b form",
            AnySplit.Request("GET /a/../%2e/b HTTP/1.1\r\nHost: a\r\n\r\n", HttpRules.Default with { NormalizeDotSegments = false }),
            StringComparison.Ordinal);

    [Fact]
    public void An_honest_name_with_an_underscore_passes() =>
        Assert.Contains("[user_id: 1] [User_Agent: x]", AnySplit.Request(Get + "user_id: 1\r\nUser_Agent: x\r\n\r\n"), StringComparison.Ordinal);

    [Fact]
    public void A_name_that_a_policy_reads_is_guarded_too()
    {
        const string raw = Get + "user_id: 1\r\n\r\n";
        var rules = HttpRules.Default with { PolicyFieldNames = new FieldNameSet(["User-Id"]) };
        Assert.Equal(nameof(HttpViolation.AliasedUnderscore), AnySplit.Request(raw, rules));
        Assert.Contains("[user_id: 1]", AnySplit.Request(raw, rules with { RejectAliasedUnderscores = false }), StringComparison.Ordinal);
        Assert.Equal(rules, HttpRules.Default with { PolicyFieldNames = new FieldNameSet(["user-id"]) });
    }

    [Fact]
    public void A_target_above_the_limit_is_refused_without_waiting_for_its_end()
    {
        var rules = HttpRules.Default with { MaxTargetBytes = 10 };
        Assert.Equal("more", AnySplit.Request("GET /123456789", rules));
        Assert.Equal(nameof(HttpViolation.TargetTooLong), AnySplit.Request("GET /1234567890", rules));
        Assert.Equal(nameof(HttpViolation.TargetTooLong), AnySplit.Request("GET /1234567890 HTTP/1.1\r\nHost: a\r\n\r\n", rules));
        Assert.StartsWith("GET(Get) /123456789 ", AnySplit.Request("GET /123456789 HTTP/1.1\r\nHost: a\r\n\r\n", rules), StringComparison.Ordinal);
        Assert.Equal(nameof(HttpViolation.TargetTooLong), AnySplit.Request("GET /" + new string('a', 8 * 1024)));
    }

    [Fact]
    public void A_method_above_the_limit_is_refused_without_waiting_for_its_end()
    {
        Assert.Equal("more", AnySplit.Request(new string('M', 64)));
        Assert.Equal(nameof(HttpViolation.MethodTooLong), AnySplit.Request(new string('M', 65)));
    }

    [Fact]
    public void A_head_above_the_limit_is_refused_without_waiting_for_its_end()
    {
        const string fits = "GET / HTTP/1.1\r\nHost: a\r\nA: bbbb\r\n\r\n";
        var rules = HttpRules.Default with { MaxHeadBytes = fits.Length };
        Assert.EndsWith($"end={fits.Length}", AnySplit.Request(fits, rules), StringComparison.Ordinal);
        Assert.EndsWith($"end={fits.Length}", AnySplit.Request(fits + "GET / HTTP/1.1\r\n\r\n", rules), StringComparison.Ordinal);
        Assert.Equal(nameof(HttpViolation.HeadTooLarge), AnySplit.Request(fits, rules with { MaxHeadBytes = fits.Length - 1 }));
        Assert.Equal("more", AnySplit.Request(Get + new string('a', fits.Length - Get.Length), rules));
        Assert.Equal(nameof(HttpViolation.HeadTooLarge), AnySplit.Request(Get + new string('a', fits.Length - Get.Length + 1), rules));
        Assert.Equal(nameof(HttpViolation.HeadTooLarge), AnySplit.RequestOnce([AnySplit.Bytes(Get + "A: " + new string('a', 60 * 1024))], HttpRules.Default));
    }

    [Fact]
    public void Fields_above_the_limit_are_refused()
    {
        var hundred = Get + string.Concat(Enumerable.Range(0, 99).Select(i => $"A{i}: b\r\n"));
        Assert.StartsWith("GET(Get)", AnySplit.Request(hundred + "\r\n"), StringComparison.Ordinal);
        Assert.Equal(nameof(HttpViolation.TooManyFields), AnySplit.Request(hundred + "B: c\r\n"));
    }

    [Fact]
    public void A_name_longer_than_a_list_can_hold_is_refused()
    {
        var rules = HttpRules.Default with { MaxHeadBytes = 200_000 };
        Assert.Equal(nameof(HttpViolation.FieldNameTooLong), AnySplit.RequestOnce([AnySplit.Bytes(Get + new string('a', 32768) + ": b\r\n")], rules));
        Assert.StartsWith("GET(Get)", AnySplit.RequestOnce([AnySplit.Bytes(Get + new string('a', 32767) + ": b\r\n\r\n")], rules), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_violation_has_a_status_and_a_sentence_of_its_own()
    {
        var all = Enum.GetValues<HttpViolation>();
        Assert.Equal(all.Length, all.Select(HttpViolations.Sentence).Distinct().Count());
        Assert.All(all, v => Assert.EndsWith(".", HttpViolations.Sentence(v), StringComparison.Ordinal));
        Assert.All(all, v => Assert.Contains(HttpViolations.Status(v), new[] { 400, 414, 431, 501, 505 }));
        Assert.Equal(414, HttpViolations.Status(HttpViolation.TargetTooLong));
        Assert.Equal(431, HttpViolations.Status(HttpViolation.TooManyFields));
        Assert.Equal(505, HttpViolations.Status(HttpViolation.Http2Preface));
        Assert.Equal(501, HttpViolations.Status(HttpViolation.UnknownTransferCoding));
    }

    private sealed record Case(
        string Raw,
        HttpViolation Strict,
        Func<HttpRules, HttpRules>? Off = null,
        string? Lenient = null,
        HttpRules? Rules = null);
}
