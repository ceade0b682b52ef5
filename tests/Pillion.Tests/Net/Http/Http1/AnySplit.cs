using System.Text;
using Pillion.Net.Http;
using Pillion.Net.Http.Http1;
using Xunit;
using HttpMethod = Pillion.Net.Http.HttpMethod;

namespace Pillion.Tests.Net.Http.Http1;

/// <summary>
/// Feeds the same bytes whole, split at every position, and one by one, as a connection would: what was not consumed is offered again with more behind it.
/// Whatever the codec makes of them is written down as text, and must be the same text.
/// </summary>
internal static class AnySplit
{
    private const int SplitEverywhereBelow = 600;

    public static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);

    public static string Text(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);

    public static string Request(string raw, HttpRules? rules = null) => Request(Bytes(raw), rules);

    public static string Request(byte[] raw, HttpRules? rules = null) => Agree(raw, pieces => RequestOnce(pieces, rules ?? HttpRules.Default));

    public static string Response(string raw, HttpMethod method = HttpMethod.Get, HttpRules? rules = null) => Response(Bytes(raw), method, rules);

    public static string Response(byte[] raw, HttpMethod method = HttpMethod.Get, HttpRules? rules = null) =>
        Agree(raw, pieces => ResponseOnce(pieces, method, rules ?? HttpRules.Default));

    public static string Chunked(string raw, HttpRules? rules = null) => Chunked(Bytes(raw), rules);

    public static string Chunked(byte[] raw, HttpRules? rules = null) => Agree(raw, pieces => ChunkedOnce(pieces, rules ?? HttpRules.Default));

    public static string RequestOnce(IEnumerable<byte[]> pieces, HttpRules rules)
    {
        var head = new RequestHead();
        var scanner = default(HeadScanner);
        return HeadOnce(pieces, (pending, out consumed, out violation) =>
            RequestParser.Parse(pending, ref scanner, rules, head, out consumed, out violation), () => Describe(head));
    }

    public static string ResponseOnce(IEnumerable<byte[]> pieces, HttpMethod method, HttpRules rules)
    {
        var head = new ResponseHead();
        var scanner = default(HeadScanner);
        return HeadOnce(pieces, (pending, out consumed, out violation) =>
            ResponseParser.Parse(pending, ref scanner, rules, method, head, out consumed, out violation), () => Describe(head));
    }

    public static string ChunkedOnce(IEnumerable<byte[]> pieces, HttpRules rules)
    {
        var decoder = default(ChunkedDecoder);
        var trailers = new FieldList();
        var data = new StringBuilder();
        byte[] pending = [];
        var total = 0;
        foreach (var piece in pieces)
        {
            pending = [.. pending, .. piece];
            while (true)
            {
                var status = decoder.Decode(pending, rules, trailers, out var consumed, out var start, out var length, out var violation);
                Assert.InRange(consumed, 0, pending.Length);
                Assert.InRange(start, 0, pending.Length - length);
                data.Append(Text(pending.AsSpan(start, length)));
                total += consumed;
                pending = pending[consumed..];
                if (status == ParseStatus.Error)
                {
                    Assert.NotEqual(HttpViolation.None, violation);
                    return $"{violation} after '{data}'";
                }

                Assert.Equal(HttpViolation.None, violation);
                if (status == ParseStatus.Done)
                {
                    return $"'{data}' {Describe(trailers)}end={total}";
                }

                if (consumed == 0 || pending.Length == 0)
                {
                    Assert.InRange(pending.Length, 0, ChunkedDecoder.MaxPending);
                    break;
                }
            }
        }

        return $"more after '{data}'";
    }

    public static string Describe(RequestHead head)
    {
        var text = new StringBuilder($"{Text(head.MethodName)}({head.Method}) {Text(head.Target)} form={head.Form} authority={Text(head.Authority)}");
        text.Append(head.IsHttps ? " https" : "").Append(head.ExpectsContinue ? " continue" : "");
        return text.Append(DescribeShared(head)).ToString();
    }

    public static string Describe(ResponseHead head) => $"{head.Status} '{Text(head.Reason)}'{DescribeShared(head)}";

    private static string DescribeShared(Head head) =>
        $" v={head.Version} body={head.Body}:{head.ContentLength}{(head.KeepAlive ? " keep" : " close")}{(head.WantsUpgrade ? " upgrade" : "")} {Describe(head.Fields)}";

    private static string Describe(FieldList fields)
    {
        var text = new StringBuilder();
        for (var i = 0; i < fields.Count; i++)
        {
            if (fields.IsPresent(i))
            {
                Assert.Equal(KnownFields.Identify(fields.Name(i)), fields.Known(i));
                text.Append($"[{Text(fields.Name(i))}: {Text(fields.Value(i))}] ");
            }
        }

        return text.ToString();
    }

    private delegate ParseStatus ParseHead(ReadOnlySpan<byte> pending, out int consumed, out HttpViolation violation);

    private static string HeadOnce(IEnumerable<byte[]> pieces, ParseHead parse, Func<string> describe)
    {
        byte[] pending = [];
        var total = 0;
        foreach (var piece in pieces)
        {
            pending = [.. pending, .. piece];
            var status = parse(pending, out var consumed, out var violation);
            Assert.InRange(consumed, 0, pending.Length);
            total += consumed;
            pending = pending[consumed..];
            if (status == ParseStatus.Error)
            {
                Assert.NotEqual(HttpViolation.None, violation);
                Assert.Equal(0, consumed);
                return violation.ToString();
            }

            Assert.Equal(HttpViolation.None, violation);
            if (status == ParseStatus.Done)
            {
                return $"{describe()}end={total}";
            }
        }

        return "more";
    }

    private static string Agree(byte[] raw, Func<IEnumerable<byte[]>, string> run)
    {
        var whole = run([raw]);
        Assert.Equal(whole, run(raw.Select(b => new[] { b })));
        for (var at = 1; at < raw.Length; at += raw.Length < SplitEverywhereBelow ? 1 : raw.Length / 97)
        {
            Assert.Equal(whole, run([raw[..at], raw[at..]]));
        }

        return whole;
    }
}
