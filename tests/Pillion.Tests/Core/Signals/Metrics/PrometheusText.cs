using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Xunit;

namespace Pillion.Tests.Core.Signals.Metrics;

/// <summary>A strict reader of the text format 0.0.4, with the checks that <c>promtool check metrics</c> makes.</summary>
internal sealed partial class PrometheusText
{
    private readonly Dictionary<string, string> _types = [];
    private readonly HashSet<string> _helped = [];
    private readonly List<string> _closed = [];

    public Dictionary<string, double> Samples { get; } = [];

    public static PrometheusText Read(string text, bool lint = true)
    {
        var reader = new PrometheusText();
        Assert.EndsWith("\n", text);
        string? current = null;
        foreach (var line in text.TrimEnd('\n').Split('\n'))
        {
            current = reader.Line(line, current);
        }

        if (lint)
        {
            reader.Lint();
        }

        reader.CheckHistograms();
        return reader;
    }

    private string? Line(string line, string? current)
    {
        if (HelpLine().Match(line) is { Success: true } help)
        {
            var name = help.Groups[1].Value;
            Assert.True(_helped.Add(name), $"second HELP for {name}");
            if (current is not null)
            {
                _closed.Add(current);
            }

            Assert.DoesNotContain(name, _closed);
            return name;
        }

        if (TypeLine().Match(line) is { Success: true } type)
        {
            Assert.Equal(current, type.Groups[1].Value);
            _types.Add(current!, type.Groups[2].Value);
            return current;
        }

        var sample = SampleLine().Match(line);
        Assert.True(sample.Success, $"not a sample: {line}");
        var sampleName = sample.Groups[1].Value;
        var family = _types[current!] == "histogram" ? HistogramSuffix().Replace(sampleName, "") : sampleName;
        Assert.Equal(current, family);
        var value = sample.Groups[3].Value;
        Assert.True(Samples.TryAdd(sampleName + sample.Groups[2].Value, double.Parse(value, CultureInfo.InvariantCulture)), $"twice: {line}");
        return current;
    }

    // What promtool calls lint; it exits with 3 on any of these.
    private void Lint()
    {
        foreach (var (name, type) in _types)
        {
            Assert.Contains(name, _helped);
            Assert.Equal(type == "counter", name.EndsWith("_total", StringComparison.Ordinal));
            Assert.DoesNotMatch("_(counter|gauge|histogram|summary)$|^(counter|gauge)_", name);
            Assert.DoesNotMatch("(^|_)(s|ms|us|ns|sec|b|kb|mb|gb|tb|pb|m|h|d)(_|$)", name);
            Assert.DoesNotMatch("milliseconds|microseconds|minutes|hours|days|kilobytes|megabytes|bits", name);
            Assert.Matches("^[a-z][a-z0-9_]*$", name);
            if (type != "histogram")
            {
                Assert.DoesNotMatch("_(bucket|count|sum)$", name);
            }
        }
    }

    private void CheckHistograms()
    {
        foreach (var (count, value) in Samples.Where(s => s.Key.Contains("_count")))
        {
            var brace = count.IndexOf('{');
            var name = (brace < 0 ? count : count[..brace])[..^"_count".Length];
            var labels = brace < 0 ? "" : count[(brace + 1)..^1] + ",";
            var buckets = Samples.Where(s => s.Key.StartsWith($"{name}_bucket{{{labels}le=", StringComparison.Ordinal)).Select(s => s.Value).ToList();
            Assert.NotEmpty(buckets);
            Assert.Equal(buckets.Order(), buckets);
            Assert.Equal(value, Samples[$"{name}_bucket{{{labels}le=\"+Inf\"}}"]);
            Assert.Contains($"{name}_sum{(brace < 0 ? "" : count[brace..])}", Samples.Keys);
        }
    }

    [GeneratedRegex(@"^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) ([^\\]|\\\\|\\n)+$")]
    private static partial Regex HelpLine();

    [GeneratedRegex(@"^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram)$")]
    private static partial Regex TypeLine();

    [GeneratedRegex("""^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\]|\\["\\n])*"(?:,[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\]|\\["\\n])*")*\})? (-?[0-9]+(?:\.[0-9]+)?(?:E[+-]?[0-9]+)?|\+Inf)$""")]
    private static partial Regex SampleLine();

    [GeneratedRegex("_(bucket|sum|count)$")]
    private static partial Regex HistogramSuffix();
}
