using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Pillion.Core.Configuration.Reading;

namespace Pillion.Core.Configuration.Roles;

/// <summary>Ports from one to another, both included; written <c>8080</c>, <c>8000-8010</c> or, where it makes sense, <c>all</c>.</summary>
internal sealed record PortRange(int First, int Last)
{
    public static readonly PortRange All = new(1, ushort.MaxValue);

    public const string Form = "use 1-65535, or a range such as 8000-8010";

    public bool Contains(int port) => port >= First && port <= Last;

    public static bool TryParse(string text, [NotNullWhen(true)] out PortRange? range)
    {
        range = null;
        var dash = text.IndexOf('-');
        if (!TryParsePort(dash < 0 ? text : text[..dash], out var first) || !TryParsePort(dash < 0 ? text : text[(dash + 1)..], out var last) || first > last)
        {
            return false;
        }

        range = new(first, last);
        return true;
    }

    /// <summary>A list, or one alone.</summary>
    /// <param name="orAll">The word <c>all</c> stands for every port.</param>
    public static ValueList<PortRange> ReadList(ConfigValue value, bool orAll = false)
    {
        if (!value.IsText)
        {
            return value.AsList(Read);
        }

        return orAll && value.Text == "all" ? [All] : Read(value) is { } one ? [one] : [];
    }

    public override string ToString() => this == All ? "all" : First == Last ? $"{First}" : $"{First}-{Last}";

    private static PortRange? Read(ConfigValue value) =>
        value.AsTextOrNull("port or range", text => TryParse(text, out _), Form) is { } text && TryParse(text, out var range) ? range : null;

    private static bool TryParsePort(string text, out int port) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port is > 0 and <= ushort.MaxValue;
}
