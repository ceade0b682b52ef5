using System.Text;
using Pillion.Core.Configuration;
using Pillion.Tests.ArchitectureTests;
using Xunit;

namespace Pillion.Tests.Configuration;

/// <summary>Files no person would write: the readers answer with a configuration or with mistakes, in bounded time and space.</summary>
public sealed class ReaderFuzzTests
{
    // More by PILLION_FUZZ_FILES, for a longer look.
    private static readonly int FilesPerSeed = int.TryParse(Environment.GetEnvironmentVariable("PILLION_FUZZ_FILES"), out var files) ? files : 250;

    private static readonly string[] Pieces =
    [
        "{", "}", "[", "]", ":", ": ", "- ", "\n", "\t", "'", "\"", "&a ", "*a", "<<: *a\n", "|", ">", "!x ", "? ", "---\n", "...\n", "# ", "${", "${A}", "%",
        "~", "null", "0", "-1", "99999999999999999999", "1e9", "\0", "\u0085", "\ufeff", "\ud83d\ude00", "@", "`", ",", "\\", "\\x", "  ", "true", "(", "*", "a: b\n",
    ];

    private static readonly string[] Seeds = [.. new[] { "samples", "samples/invalid" }
        .SelectMany(folder => Directory.EnumerateFiles(Repository.PathOf(folder)))
        .Where(file => file.EndsWith(".yaml") || file.EndsWith(".json"))
        .Order(StringComparer.Ordinal)
        .Select(File.ReadAllText)];

    [Theory]
    [InlineData("fuzz.yaml", 1)]
    [InlineData("fuzz.yaml", 2)]
    [InlineData("fuzz.yaml", 3)]
    [InlineData("fuzz.json", 4)]
    public void A_mutated_file_is_read_or_refused(string file, int seed)
    {
        var random = new Random(seed);
        for (var i = 0; i < FilesPerSeed; i++)
        {
            var text = Mutate(Seeds[random.Next(Seeds.Length)], random);
            try
            {
                Check(text, file);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"file {i} of seed {seed} failed:\n{text}", e);
            }
        }
    }

    // Found by these tests or by thought, and kept.
    [Theory]
    [InlineData("a: [1, 2\nb: }\n")]
    [InlineData("[")]
    [InlineData("{")]
    [InlineData("- - - - - [")]
    [InlineData("? ")]
    [InlineData("&a")]
    [InlineData("*")]
    [InlineData("!<")]
    [InlineData("%TAG ! x\n")]
    [InlineData("\ufeff")]
    [InlineData("---\n---\n")]
    [InlineData("'")]
    [InlineData("\"\\u")]
    [InlineData("|9")]
    [InlineData("app: *app")]
    [InlineData("static_resources:")]
    [InlineData("static_resources: { listeners: [ ~, {}, [], x ], clusters: [ ~, {}, [], x ] }")]
    [InlineData("outbound: { services: { ~: ~, '': '', a: ~ } }")]
    [InlineData("inbound: { routes: [ ~, {}, [], x ] }")]
    public void An_odd_file_is_read_or_refused(string text)
    {
        Check(text, "odd.yaml");
        Check(text, "odd.json");
    }

    [Theory]
    [InlineData("[", 200_000)]
    [InlineData("{a: ", 200_000)]
    [InlineData("- ", 200_000)]
    [InlineData("a:\n", 50_000)]
    [InlineData("x", 2_000_000)]
    [InlineData("k${A}: v\n", 1)]
    [InlineData("\n", 1_000_000)]
    [InlineData("- { unknown: 1 }\n", 20_000)]
    public void A_repetitive_file_is_bounded_work(string piece, int times) => Check(string.Concat(Enumerable.Repeat(piece, times)), "long.yaml");

    [Fact]
    public void Very_many_unknown_keys_are_told_in_bounded_time_and_number() =>
        Check(string.Concat(Enumerable.Range(0, 100_000).Select(i => $"key{i}: v\n")), "keys.yaml");

    [Fact]
    public void A_file_above_the_bound_is_refused_unread() =>
        Assert.Contains("is too large", Given.Errors(new string('#', 5 * 1024 * 1024)));

    private static void Check(string text, string file)
    {
        var (config, errors) = PillionConfig.Parse(text, file, name => name == "A" ? "${A}: [" : null);

        Assert.Equal(config is null, errors.Count > 0);
        Assert.True(errors.Count <= ConfigErrorList.Most + 1);
        foreach (var error in errors)
        {
            var line = error.ToString();
            Assert.DoesNotContain('\n', line);
            Assert.True(error.IsAboutFile || (error.Line >= 1 && error.Column >= 1), line);
            Assert.True(line.Length < 4000, line);
        }
    }

    private static string Mutate(string text, Random random)
    {
        var mutated = new StringBuilder(text);
        for (var i = random.Next(1, 6); i > 0 && mutated.Length > 0; i--)
        {
            var at = random.Next(mutated.Length);
            var length = Math.Min(random.Next(1, 40), mutated.Length - at);
            switch (random.Next(6))
            {
                case 0:
                    mutated.Remove(at, length);
                    break;
                case 1:
                    mutated.Insert(at, mutated.ToString(at, length));
                    break;
                case 2:
                    mutated[at] = (char)random.Next(1, 0x100);
                    break;
                case 3:
                    mutated.Length = at;
                    break;
                case 4:
                    var other = Seeds[random.Next(Seeds.Length)];
                    var from = other.Length == 0 ? 0 : random.Next(other.Length);
                    mutated.Insert(at, other.AsSpan(from, Math.Min(length, other.Length - from)));
                    break;
                default:
                    mutated.Insert(at, Pieces[random.Next(Pieces.Length)]);
                    break;
            }
        }

        return mutated.ToString();
    }
}
