using System.Text;
using Pillion.Net.Http.Http2.Hpack;
using Xunit;

namespace Pillion.Tests.Net.Http.Http2.Hpack;

/// <summary>The examples of RFC 7541 appendix C, and what a decoder must refuse.</summary>
public sealed class HpackDecoderTests
{
    [Theory]
    [InlineData("0a", 5, 10)]
    [InlineData("1f9a0a", 5, 1337)]
    [InlineData("2a", 8, 42)]
    public void C1_integers(string hex, int prefix, int expected)
    {
        var at = 0;
        Assert.True(HpackInteger.TryRead(Blocks.Hex(hex), ref at, prefix, out var value));
        Assert.Equal((expected, hex.Length / 2), (value, at));
        var written = new byte[HpackInteger.MaxBytes];
        Assert.Equal(at, HpackInteger.Write(written, 0, prefix, value));
        Assert.Equal(hex, Convert.ToHexStringLower(written.AsSpan(0, at)));
    }

    [Theory]
    [InlineData("400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572", "custom-key: custom-header\n", 55)]
    [InlineData("040c 2f73 616d 706c 652f 7061 7468", ":path: /sample/path\n", 0)]
    [InlineData("1008 7061 7373 776f 7264 0673 6563 7265 74", "password: secret (sensitive)\n", 0)]
    [InlineData("82", ":method: GET\n", 0)]
    public void C2_fields(string hex, string expected, int tableSize)
    {
        var decoder = new HpackDecoder(4096);
        Assert.Equal(expected, Blocks.Decode(decoder, Blocks.Hex(hex)));
        Assert.Equal(tableSize, decoder.TableSize);
    }

    [Theory]
    [InlineData("8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d", "8286 84be 5808 6e6f 2d63 6163 6865", "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65")]
    [InlineData("8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff", "8286 84be 5886 a8eb 1064 9cbf", "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf")]
    public void C3_and_C4_requests(string first, string second, string third)
    {
        var decoder = new HpackDecoder(4096);
        Assert.Equal(":method: GET\n:scheme: http\n:path: /\n:authority: www.example.com\n", Blocks.Decode(decoder, Blocks.Hex(first)));
        Assert.Equal(57, decoder.TableSize);
        Assert.Equal(":method: GET\n:scheme: http\n:path: /\n:authority: www.example.com\ncache-control: no-cache\n", Blocks.Decode(decoder, Blocks.Hex(second)));
        Assert.Equal(110, decoder.TableSize);
        Assert.Equal(
            ":method: GET\n:scheme: https\n:path: /index.html\n:authority: www.example.com\ncustom-key: custom-value\n", Blocks.Decode(decoder, Blocks.Hex(third)));
        Assert.Equal((164, 3), (decoder.TableSize, decoder.TableCount));
    }

    [Theory]
    [InlineData(
        "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        "4803 3330 37c1 c0bf",
        "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31")]
    [InlineData(
        "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
        "4883 640e ffc1 c0bf",
        "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07")]
    public void C5_and_C6_responses_with_a_small_table(string first, string second, string third)
    {
        var decoder = new HpackDecoder(256);
        Assert.Equal(
            ":status: 302\ncache-control: private\ndate: Mon, 21 Oct 2013 20:13:21 GMT\nlocation: https://www.example.com\n", Blocks.Decode(decoder, Blocks.Hex(first)));
        Assert.Equal((222, 4), (decoder.TableSize, decoder.TableCount));
        Assert.Equal(
            ":status: 307\ncache-control: private\ndate: Mon, 21 Oct 2013 20:13:21 GMT\nlocation: https://www.example.com\n", Blocks.Decode(decoder, Blocks.Hex(second)));
        Assert.Equal((222, 4), (decoder.TableSize, decoder.TableCount));
        Assert.Equal(
            ":status: 200\ncache-control: private\ndate: Mon, 21 Oct 2013 20:13:22 GMT\nlocation: https://www.example.com\ncontent-encoding: gzip\n" +
            "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1\n",
            Blocks.Decode(decoder, Blocks.Hex(third)));
        Assert.Equal((215, 3), (decoder.TableSize, decoder.TableCount));
    }

    [Theory]
    [InlineData("80", "index 0")]
    [InlineData("be", "an index behind the table")]
    [InlineData("ff80808080808080808000", "an integer without end")]
    [InlineData("ffffffffff07", "an integer that is too large")]
    [InlineData("ff", "an integer that is cut off")]
    [InlineData("40", "a name that is cut off")]
    [InlineData("400a6375", "a name shorter than it says")]
    [InlineData("4001610362", "a value shorter than it says")]
    [InlineData("400161", "no value")]
    [InlineData("4001618207ff", "padding of a whole byte")]
    [InlineData("40016181fe", "padding that is not all ones")]
    [InlineData("40016184ffffffff", "the end of a string inside one")]
    [InlineData("3fe21f", "a table size above what was allowed")]
    [InlineData("823f", "a table size that is cut off")]
    [InlineData("8220", "a table size behind a field")]
    [InlineData("4f", "a name by an index that is no entry")]
    public void What_is_not_HPACK_is_broken(string hex, string why)
    {
        var actual = Blocks.Decode(new HpackDecoder(4096), Blocks.Hex(hex));
        Assert.True(actual == "broken", $"{why}: {actual}");
    }

    [Fact]
    public void The_table_may_be_made_smaller_and_larger_at_the_start_of_a_block()
    {
        var decoder = new HpackDecoder(4096);
        Blocks.Decode(decoder, Blocks.Hex("4001610162"));
        Assert.Equal(1, decoder.TableCount);
        Assert.Equal("", Blocks.Decode(decoder, Blocks.Hex("20")));
        Assert.Equal(0, decoder.TableCount);
        Assert.Equal("a: b\n", Blocks.Decode(decoder, Blocks.Hex("203fe11f4001610162")));
        Assert.Equal(1, decoder.TableCount);
    }

    [Fact]
    public void A_smaller_table_that_was_acknowledged_must_be_announced()
    {
        var decoder = new HpackDecoder(4096) { MaxTableSize = 100 };
        Assert.Equal("broken", Blocks.Decode(decoder, Blocks.Hex("82")));
        Assert.Equal(":method: GET\n", Blocks.Decode(decoder, Blocks.Hex("3f4582")));
        Assert.Equal("broken", Blocks.Decode(decoder, Blocks.Hex("3f46")));
    }

    [Fact]
    public void A_field_beyond_the_room_is_not_kept_and_the_table_stays_right()
    {
        var encoder = new HpackEncoder();
        var decoder = new HpackDecoder(4096);
        var large = new string('v', 900);
        for (var i = 0; i < 4; i++)
        {
            var block = Blocks.Encode(encoder, ("x-large", large), ("x-small", "s"));
            Assert.Equal(i < 2 ? "(too large)\nx-small: s\n" : "x-large: " + large + "\nx-small: s\n", Blocks.Decode(decoder, block, i < 2 ? 100 : 2000));
        }

        Assert.Equal(encoder.TableSize, decoder.TableSize);
    }

    [Fact]
    public void A_bomb_of_references_to_one_large_entry_is_read_without_being_kept()
    {
        var decoder = new HpackDecoder(4096);
        var block = new List<byte>(Blocks.Hex("4001617f811f"));
        block.AddRange(Enumerable.Repeat((byte)'b', 4096));
        Blocks.Decode(decoder, [.. block]);
        Assert.Equal(0, decoder.TableCount);

        block = [.. Blocks.Hex("4001617f811e"), .. Enumerable.Repeat((byte)'b', 3968)];
        Blocks.Decode(decoder, [.. block]);
        Assert.Equal(1, decoder.TableCount);
        var bomb = Enumerable.Repeat((byte)0xBE, 16_000).ToArray();
        Assert.Equal(16_000, Blocks.Decode(decoder, bomb, room: 60).Split("(too large)").Length - 1);
    }

    [Fact]
    public void Every_byte_survives_the_Huffman_code()
    {
        var all = Enumerable.Range(0, 256).Select(b => (byte)b).ToArray();
        var coded = new byte[Huffman.EncodedLength(all)];
        Assert.Equal(coded.Length, Huffman.Encode(all, coded));
        Assert.Equal(ReferenceHpack.AllBytesCoded, Convert.ToHexStringLower(coded));
        var decoded = new byte[256];
        Assert.Equal(256, Huffman.Decode(coded, decoded));
        Assert.Equal(all, decoded);
    }

    [Fact]
    public void A_table_holds_its_entries_when_many_come_and_go()
    {
        var random = new Random(7);
        var table = new HpackTable();
        table.SetMaxSize(1000);
        var expected = new List<string>();
        for (var i = 0; i < 20_000; i++)
        {
            var value = new string((char)('a' + (i % 26)), random.Next(0, 200));
            table.Insert("n"u8, Encoding.ASCII.GetBytes(value), Pillion.Net.Http.KnownField.Other, Pseudo.None, FieldFlaws.None);
            expected.Insert(0, value);
            while (expected.Sum(v => v.Length + 33) > 1000)
            {
                expected.RemoveAt(expected.Count - 1);
            }

            if (random.Next(100) == 0)
            {
                var size = random.Next(1000);
                table.SetMaxSize(size);
                table.SetMaxSize(1000);
                while (expected.Sum(v => v.Length + 33) > size)
                {
                    expected.RemoveAt(expected.Count - 1);
                }
            }

            Assert.Equal(expected.Count, table.Count);
            for (var number = 0; number < expected.Count; number++)
            {
                Assert.Equal(expected[number], Encoding.ASCII.GetString(table.Value(number)));
            }
        }
    }
}
