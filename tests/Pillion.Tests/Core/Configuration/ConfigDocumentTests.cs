using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Documents;
using Xunit;

namespace Pillion.Tests.Core.Configuration;

public sealed class ConfigDocumentTests
{
    [Fact]
    public void Yaml_and_json_give_the_same_tree()
    {
        var yaml = Parse("a: { b: [1, 'x', true] }\nc: ~\n", "f.yaml");
        var json = Parse("{ \"a\": { \"b\": [1, \"x\", true] },\n \"c\": null }", "f.json");

        Assert.Equal("map(a=map(b=list(text 1,text x,text true)),c=null)", Show(yaml));
        Assert.Equal(Show(yaml), Show(json));
    }

    [Theory]
    [InlineData("f.yaml", "a:\n  b: x\n  c: [1, 2]\n", 3, 10)]
    [InlineData("f.json", "{\n \"a\": {\n  \"b\": \"é\", \"c\": [1, 2] } }", 3, 22)]
    public void A_node_knows_its_line_and_column(string file, string text, int line, int column)
    {
        var second = Parse(text, file).Entries[0].Value.Entries[1].Value.Items[1];

        Assert.Equal((line, column), (second.Line, second.Column));
    }

    [Theory]
    [InlineData("${A}", "one")]
    [InlineData("x-${A}-${B:-two}-y", "x-one-two-y")]
    [InlineData("$${A}", "${A}")]
    [InlineData("${EMPTY:-filled}", "filled")]
    [InlineData("${B:-}", "")]
    [InlineData("$A {A} $", "$A {A} $")]
    public void The_environment_is_put_into_values(string written, string read)
    {
        var value = Parse($"v: '{written}'\n", "f.yaml").Entries[0].Value;

        Assert.Equal(read, value.Text);
    }

    [Fact]
    public void The_environment_never_adds_structure_or_names_a_key()
    {
        var root = Parse("'${A}': \"${LINES}\"\n", "f.yaml");

        Assert.Equal("${A}", root.Entries[0].Key);
        Assert.Equal(ConfigNodeKind.Text, root.Entries[0].Value.Kind);
        Assert.Equal("x\ny: z", root.Entries[0].Value.Text);
    }

    [Fact]
    public void A_plain_value_that_becomes_empty_counts_as_absent() =>
        Assert.Equal(ConfigNodeKind.Null, Parse("v: ${B:-}\n", "f.yaml").Entries[0].Value.Kind);

    [Fact]
    public void Anchors_and_merge_keys_save_repetition()
    {
        var root = Parse("base: &base { a: 1, b: 2 }\nmore: { <<: *base, b: 3 }\nlist: [*base]\n", "f.yaml");

        Assert.Equal("map(b=text 3,a=text 1)", Show(root.Entries[1].Value));
        Assert.Equal("list(map(a=text 1,b=text 2))", Show(root.Entries[2].Value));
    }

    [Theory]
    [InlineData("a: &a [*a]\n", "no value before this is anchored")]
    [InlineData("? [a, b]\n: c\n", "a key is not plain text")]
    [InlineData("a: [1, 2\nb: }\n", "this is not YAML")]
    [InlineData("a: 'open\n", "this is not YAML")]
    [InlineData("a: 1\na: 2\n", "'a' is written twice")]
    [InlineData("a: \"\\ud800\"\n", "this is not YAML")]
    [InlineData("%YAML 3.0\n---\na: 1\n", "this is not YAML")]
    [InlineData("@", "this is not YAML")]
    public void Malformed_yaml_is_one_clear_error_with_a_place(string text, string problem)
    {
        var errors = new List<ConfigError>();

        _ = ConfigDocument.Parse(text, "f.yaml", _ => null, errors);

        var error = Assert.Single(errors);
        Assert.StartsWith(problem, error.Problem);
        Assert.True(error.Line >= 1 && error.Column >= 1);
    }

    [Theory]
    [InlineData("f.yaml")]
    [InlineData("f.json")]
    public void Nesting_is_bounded(string file)
    {
        var errors = new List<ConfigError>();
        var text = string.Concat(Enumerable.Repeat("{\"a\":", 100_000));

        Assert.Null(ConfigDocument.Parse(text, file, _ => null, errors));
        Assert.Single(errors);
    }

    [Fact]
    public void A_missing_file_is_an_error_about_the_file()
    {
        var errors = new List<ConfigError>();

        Assert.Null(ConfigDocument.Load("/no/such/file.yaml", _ => null, errors));
        Assert.True(Assert.Single(errors).IsAboutFile);
        Assert.Equal("/no/such/file.yaml: cannot be read; there is no such file", errors[0].ToString());
    }

    [Fact]
    public void A_file_that_is_not_text_is_an_error_about_the_file()
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(file, [0x61, 0x3a, 0x20, 0xff, 0xfe]);
            var errors = new List<ConfigError>();

            Assert.Null(ConfigDocument.Load(file, _ => null, errors));
            Assert.Equal("is not UTF-8 text", Assert.Single(errors).Problem);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static ConfigNode Parse(string text, string file)
    {
        var errors = new List<ConfigError>();
        var root = ConfigDocument.Parse(text, file, name => name switch { "A" => "one", "EMPTY" => "", "LINES" => "x\ny: z", _ => null }, errors);
        Assert.Empty(errors);
        return root!;
    }

    private static string Show(ConfigNode node) => node.Kind switch
    {
        ConfigNodeKind.Map => $"map({string.Join(",", node.Entries.Select(entry => $"{entry.Key}={Show(entry.Value)}"))})",
        ConfigNodeKind.List => $"list({string.Join(",", node.Items.Select(Show))})",
        ConfigNodeKind.Text => "text " + node.Text,
        _ => "null",
    };
}
