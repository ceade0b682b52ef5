using System.Text;
using Pillion.Net.Http;
using Pillion.Proxy.Filters.Cors;
using Pillion.Proxy.Filters.Credentials.ApiKeys;
using Pillion.Proxy.Filters.Credentials.Basic;
using Xunit;

namespace Pillion.Tests.Proxy.Filters.Credentials;

/// <summary>Whatever clients send as Authorization, Cookie, query or Origin is read without harm, the same as a plain reader would.</summary>
public sealed class CredentialFuzzTests
{
    private const int Rounds = 20_000;
    private static readonly string[] Pieces = ["Basic ", "basic", "YWRhOmxvdmVsYWNl", "=", "==", ":", ";", "; ", "&", "k=v", "key=", "key=secret", "\"", "%", "%6B", "%zz", "?", "key", " ", "\t", "\x80", "https://", "shop.example", ".", "@", "/"];

    [Fact]
    public void Authorization_is_read_as_a_plain_reader_does()
    {
        var random = new Random(4711);
        Span<byte> room = stackalloc byte[BasicCredential.Longest];
        for (var i = 0; i < Rounds; i++)
        {
            var field = Make(random);
            var form = BasicCredential.Read(field, room, out var user, out var password);
            var text = Encoding.Latin1.GetString(field).Trim(' ', '\t');
            Assert.Equal(text.Length == 0, form == BasicForm.Missing);
            if (text.Length > 0)
            {
                Assert.Equal(!text.StartsWith("basic ", StringComparison.OrdinalIgnoreCase), form == BasicForm.OtherScheme);
            }

            if (form == BasicForm.Right)
            {
                var token = text[6..].TrimStart(' ').TrimEnd('=');
                var decoded = Convert.FromBase64String(token.PadRight((token.Length + 3) / 4 * 4, '='));
                Assert.Equal(decoded, (byte[])[.. room[user], (byte)':', .. room[password]]);
                Assert.DoesNotContain((byte)':', room[user].ToArray());
            }
        }
    }

    [Fact]
    public void A_cookie_that_was_taken_out_is_gone_and_the_others_are_not()
    {
        var random = new Random(815);
        for (var i = 0; i < Rounds; i++)
        {
            var fields = new FieldList();
            for (var n = random.Next(1, 3); n > 0; n--)
            {
                fields.Add("cookie"u8, Make(random));
            }

            var before = Pairs(fields);
            var found = Cookies.TryFind(fields, "key"u8, out _);
            Assert.Equal(before.Any(IsKey), found);
            Cookies.Remove(fields, "key"u8);
            Assert.False(Cookies.TryFind(fields, "key"u8, out _));
            if (found)
            {
                Assert.Equal(before.Where(pair => !IsKey(pair)), Pairs(fields));
            }
        }

        static bool IsKey(string pair) => pair.Split('=') is [var name, _, ..] && name.Trim(' ', '\t') == "key";
    }

    [Fact]
    public void A_parameter_that_was_taken_out_is_gone_and_the_others_are_not()
    {
        var random = new Random(23);
        Span<byte> room = stackalloc byte[64];
        for (var i = 0; i < Rounds; i++)
        {
            byte[] target = [(byte)'/', .. Make(random)];
            var mark = target.AsSpan().IndexOf((byte)'?');
            if (mark < 0)
            {
                Assert.False(Query.TryRemove(target, "key"u8, out _));
                continue;
            }

            if (Query.TryFind(target.AsSpan(mark + 1), "key"u8, out var value))
            {
                Assert.InRange(Query.Decode(value, room), -1, room.Length);
            }

            var removed = Query.TryRemove(target, "key"u8, out var without);
            var left = Encoding.Latin1.GetString(without);
            Assert.Equal(removed, Query.TryFind(target.AsSpan(mark + 1), "key"u8, out _));
            Assert.False(left.Contains('?') && Query.TryFind(without[(without.IndexOf((byte)'?') + 1)..], "key"u8, out _));
            if (removed)
            {
                var kept = Encoding.Latin1.GetString(target)[(mark + 1)..].Split('&').Where(pair => pair.Split('=')[0].Replace("%6B", "k", StringComparison.Ordinal) != "key");

                // An ampersand with nothing behind it may go as well.
                Assert.Equal(string.Join('&', kept).TrimEnd('&'), left.Contains('?') ? left[(left.IndexOf('?') + 1)..].TrimEnd('&') : "");
            }
        }
    }

    [Fact]
    public void No_origin_but_those_of_the_host_is_taken_for_one_of_it()
    {
        var random = new Random(99);
        var matcher = new OriginMatcher(Support.PolicyText.Native("cors: { origins: ['https://shop.example', 'https://*.shop.example'] }").OfType<CorsConfig>().Single().Origins);
        var matched = 0;
        for (var i = 0; i < Rounds; i++)
        {
            var origin = Make(random);
            if (matcher.Matches(origin))
            {
                matched++;
                Assert.Matches(@"\Ahttps://([a-z0-9.-]+\.)?shop\.example\z", Encoding.Latin1.GetString(origin));
            }
        }

        Assert.True(matched > 0);
    }

    private static byte[] Make(Random random)
    {
        var text = new StringBuilder();
        for (var n = random.Next(0, 8); n > 0; n--)
        {
            text.Append(random.Next(8) == 0 ? ((char)random.Next(32, 256)).ToString() : Pieces[random.Next(Pieces.Length)]);
        }

        return Encoding.Latin1.GetBytes(text.ToString());
    }

    private static List<string> Pairs(FieldList fields)
    {
        var pairs = new List<string>();
        for (var i = fields.IndexOf(KnownField.Cookie); i >= 0; i = fields.IndexOf(KnownField.Cookie, i + 1))
        {
            pairs.AddRange(Encoding.Latin1.GetString(fields.Value(i)).Split(';').Select(pair => pair.Trim(' ', '\t')).Where(pair => pair.Length > 0));
        }

        return pairs;
    }
}
