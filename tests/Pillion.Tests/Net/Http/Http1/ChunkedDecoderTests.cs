using Pillion.Net.Http;
using Pillion.Net.Http.Http1;
using Xunit;

namespace Pillion.Tests.Net.Http.Http1;

public sealed class ChunkedDecoderTests
{
    private static readonly HttpRules Lenient = HttpRules.Default with { RejectBareLineFeed = false, RejectFolding = false, RejectControlBytes = false };

    [Theory]
    [InlineData("0\r\n\r\n", "'' end=5")]
    [InlineData("5\r\nhello\r\n0\r\n\r\nGET /", "'hello' end=15")]
    [InlineData("5\r\nhello\r\n1\r\n,\r\n06\r\n world\r\n000\r\n\r\n", "'hello, world' end=35")]
    [InlineData("A;name=value;q=\"a\\\"b ;\" ; x\r\n0123456789\r\n0;end\r\n\r\n", "'0123456789' end=50")]
    [InlineData("3\r\n\r\n0\r\n0\r\n\r\n", "'\r\n0' end=13")]
    [InlineData("1\r\nx\r\n0\r\nA: b\r\ngrpc-status:  0 \r\n\r\n", "'x' [A: b] [grpc-status: 0] end=35")]
    [InlineData("0\r\nContent-Length: 5\r\nHost: a\r\nTransfer-Encoding: chunked\r\nAuthorization: x\r\nx_forwarded_for: a\r\nX-Forwarded-Any: a\r\nETag: e\r\n\r\n", "'' [ETag: e] end=128")]
    public void A_body_is_taken_apart(string raw, string expected) => Assert.Equal(expected, AnySplit.Chunked(raw));

    [Theory]
    [InlineData("", "more after ''")]
    [InlineData("5", "more after ''")]
    [InlineData("5\r\nhel", "more after 'hel'")]
    [InlineData("5\r\nhello\r", "more after 'hello'")]
    [InlineData("5\r\nhello\r\n0\r\nA: b\r\n\r", "more after 'hello'")]
    public void An_incomplete_body_waits_with_what_there_is(string raw, string expected) => Assert.Equal(expected, AnySplit.Chunked(raw));

    [Theory]
    [InlineData("\r\n", nameof(HttpViolation.BadChunkSize))]
    [InlineData("+5\r\n", nameof(HttpViolation.BadChunkSize))]
    [InlineData("-5\r\n", nameof(HttpViolation.BadChunkSize))]
    [InlineData("0x5\r\n", nameof(HttpViolation.BadChunkSize))]
    [InlineData(" 5\r\n", nameof(HttpViolation.BadChunkSize))]
    [InlineData("5 \r\n", nameof(HttpViolation.BadChunkSize))]
    [InlineData("5 ;a\r\n", nameof(HttpViolation.BadChunkSize))]
    [InlineData("5g\r\n", nameof(HttpViolation.BadChunkSize))]
    [InlineData("5_0\r\n", nameof(HttpViolation.BadChunkSize))]
    [InlineData(";a\r\n", nameof(HttpViolation.BadChunkSize))]
    [InlineData("8000000000000000\r\n", nameof(HttpViolation.ChunkTooLarge))]
    [InlineData("10000000000000000\r\n", nameof(HttpViolation.ChunkTooLarge))]
    [InlineData("00000000000000005\r\n", nameof(HttpViolation.ChunkTooLarge))]
    [InlineData("5;a=\"b\r\n", nameof(HttpViolation.BadChunkExtension))]
    [InlineData("5;a=(\r\n", nameof(HttpViolation.BadChunkExtension))]
    [InlineData("5;\u0001\r\n", nameof(HttpViolation.ControlByte))]
    [InlineData("5\n", nameof(HttpViolation.BareLineFeed))]
    [InlineData("5;a\n", nameof(HttpViolation.BareLineFeed))]
    [InlineData("5\rx", nameof(HttpViolation.BareCarriageReturn))]
    [InlineData("5\0", nameof(HttpViolation.NulByte))]
    public void A_bad_size_line_is_refused(string raw, string expected) => Assert.Equal($"{expected} after ''", AnySplit.Chunked(raw));

    [Theory]
    [InlineData("2\r\nabc\r\n0\r\n\r\n", $"{nameof(HttpViolation.BadChunkEnd)} after 'ab'")]
    [InlineData("2\r\nab\rx", $"{nameof(HttpViolation.BadChunkEnd)} after 'ab'")]
    [InlineData("2\r\nab\n0\r\n\r\n", $"{nameof(HttpViolation.BadChunkEnd)} after 'ab'")]
    [InlineData("2\r\nab\r\nx", "more after 'ab'")]
    [InlineData("2\r\nab\r\nx\r\n", $"{nameof(HttpViolation.BadChunkSize)} after 'ab'")]
    [InlineData("7fffffffffffffff\r\nab", "more after 'ab'")]
    public void A_mistake_after_data_comes_after_the_data(string raw, string expected) => Assert.Equal(expected, AnySplit.Chunked(raw));

    [Theory]
    [InlineData("0\r\nA b: c\r\n\r\n", nameof(HttpViolation.BadFieldName))]
    [InlineData("0\r\nA : c\r\n\r\n", nameof(HttpViolation.SpaceBeforeColon))]
    [InlineData("0\r\nA\r\n\r\n", nameof(HttpViolation.BadFieldLine))]
    [InlineData("0\r\nA: b\r\n c\r\n\r\n", nameof(HttpViolation.FoldedField))]
    [InlineData("0\r\n c\r\n\r\n", nameof(HttpViolation.FoldedField))]
    [InlineData("0\r\nA: \u0001\r\n\r\n", nameof(HttpViolation.ControlByte))]
    [InlineData("0\r\nA: b\n\r\n", nameof(HttpViolation.BareLineFeed))]
    public void A_bad_trailer_is_refused(string raw, string expected) => Assert.Equal($"{expected} after ''", AnySplit.Chunked(raw));

    [Theory]
    [InlineData("2\nab\n0\nA: b\n\n", "'ab' [A: b] end=13")]
    [InlineData("0\r\nA: b\r\n \t c\r\n d\r\nE:\u0001\r\n\r\n", "'' [A: b c d] [E: \u0001] end=26")]
    [InlineData("0\r\nA: \u0001b\r\n \u0001c\r\n\r\n", "'' [A: \u0001b \u0001c] end=17")]
    [InlineData("0\r\n c\r\n\r\n", $"{nameof(HttpViolation.BadFieldLine)} after ''")]
    [InlineData("5\u0001\n", $"{nameof(HttpViolation.ControlByte)} after ''")]
    public void Rules_that_are_off_are_off_here_too(string raw, string expected) => Assert.Equal(expected, AnySplit.Chunked(raw, Lenient));

    [Fact]
    public void A_size_line_is_bounded()
    {
        Assert.Equal("more after ''", AnySplit.Chunked("1;" + new string('a', 4094)));
        Assert.Equal("ChunkLineTooLong after ''", AnySplit.Chunked("1;" + new string('a', 4095)));
    }

    [Fact]
    public void Extensions_that_outweigh_the_data_are_refused()
    {
        var chunk = $"1;{new string('a', 999)}\r\nx\r\n";
        Assert.Equal($"'{new string('x', 16)}' end={16 * chunk.Length + 5}", AnySplit.Chunked(string.Concat(Enumerable.Repeat(chunk, 16)) + "0\r\n\r\n"));
        Assert.StartsWith("TooManyExtensions", AnySplit.Chunked(string.Concat(Enumerable.Repeat(chunk, 17))), StringComparison.Ordinal);
    }

    [Fact]
    public void Many_chunks_of_one_byte_pass()
    {
        var raw = string.Concat(Enumerable.Repeat("1\r\nx\r\n", 50_000)) + "0\r\n\r\n";
        Assert.EndsWith($"end={raw.Length}", AnySplit.ChunkedOnce(AnySplit.Bytes(raw).Chunk(4000), HttpRules.Default), StringComparison.Ordinal);
    }

    [Fact]
    public void The_trailer_section_is_bounded()
    {
        Assert.Equal("TrailersTooLarge after ''", AnySplit.Chunked("0\r\nA: " + new string('b', 8190)));
        var rules = HttpRules.Default with { MaxHeadBytes = 20, MaxFields = 2 };
        Assert.Equal("TooManyTrailers after ''", AnySplit.Chunked("0\r\nA:b\r\nA:b\r\nA:b\r\n", rules));
        Assert.Equal("TrailersTooLarge after ''", AnySplit.Chunked("0\r\nA: 23456789\r\nA: b\r\n\r\n", rules));
        Assert.Equal("'' [A: 23456789] end=18", AnySplit.Chunked("0\r\nA: 23456789\r\n\r\n", rules));
    }
}
