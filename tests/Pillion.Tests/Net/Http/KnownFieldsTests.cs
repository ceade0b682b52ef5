using System.Text;
using Pillion.Net.Http;
using Xunit;

namespace Pillion.Tests.Net.Http;

public sealed class KnownFieldsTests
{
    public static TheoryData<string> Names => new(Enum.GetNames<KnownField>().Where(n => n != nameof(KnownField.Other)));

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_known_field_has_a_name_and_is_found_by_it_in_any_case(string member)
    {
        var known = Enum.Parse<KnownField>(member);
        var name = Encoding.ASCII.GetString(KnownFields.Name(known));
        Assert.Equal(known, KnownFields.Identify(Encoding.ASCII.GetBytes(name)));
        Assert.Equal(known, KnownFields.Identify(Encoding.ASCII.GetBytes(name.ToUpperInvariant())));
        Assert.Equal(known, KnownFields.Identify(Encoding.ASCII.GetBytes(name.ToLowerInvariant())));
        Assert.Equal(KnownField.Other, KnownFields.Identify(Encoding.ASCII.GetBytes(name + "x")));
        Assert.Equal(KnownField.Other, KnownFields.Identify(Encoding.ASCII.GetBytes(name[..^1])));
        if (name.Length > 2)
        {
            Assert.Equal(KnownField.Other, KnownFields.Identify(Encoding.ASCII.GetBytes($"{name[0]}{new string('!', name.Length - 2)}{name[^1]}")));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void One_byte_more_or_less_than_its_case_is_another_name(string member)
    {
        var name = KnownFields.Name(Enum.Parse<KnownField>(member)).ToArray();
        for (var at = 0; at < name.Length; at++)
        {
            for (var value = 0; value < 256; value++)
            {
                var other = (byte[])name.Clone();
                other[at] = (byte)value;
                var isSame = Ascii.EqualsIgnoreCase(name, other);
                Assert.Equal(isSame, KnownFields.Identify(other).ToString() == member);
            }
        }
    }

    [Fact]
    public void Another_name_is_other()
    {
        Assert.Equal(KnownField.Other, KnownFields.Identify(""u8));
        Assert.Equal(KnownField.Other, KnownFields.Identify("X-Unknown"u8));
        Assert.True(KnownFields.Name(KnownField.Other).IsEmpty);
    }

    [Theory]
    [InlineData("GET", nameof(Pillion.Net.Http.HttpMethod.Get))]
    [InlineData("HEAD", nameof(Pillion.Net.Http.HttpMethod.Head))]
    [InlineData("POST", nameof(Pillion.Net.Http.HttpMethod.Post))]
    [InlineData("PUT", nameof(Pillion.Net.Http.HttpMethod.Put))]
    [InlineData("DELETE", nameof(Pillion.Net.Http.HttpMethod.Delete))]
    [InlineData("OPTIONS", nameof(Pillion.Net.Http.HttpMethod.Options))]
    [InlineData("TRACE", nameof(Pillion.Net.Http.HttpMethod.Trace))]
    [InlineData("CONNECT", nameof(Pillion.Net.Http.HttpMethod.Connect))]
    [InlineData("PATCH", nameof(Pillion.Net.Http.HttpMethod.Patch))]
    [InlineData("get", nameof(Pillion.Net.Http.HttpMethod.Other))]
    [InlineData("BREW", nameof(Pillion.Net.Http.HttpMethod.Other))]
    public void Methods_are_found_by_their_exact_name(string name, string expected) =>
        Assert.Equal(expected, HttpMethods.Identify(Encoding.ASCII.GetBytes(name)).ToString());
}
