using Pillion.Core.Signals;

namespace Pillion.Admin;

/// <summary>A request to the admin port, free of any transport.</summary>
internal sealed record AdminRequest
{
    public string Method { get; init; } = "GET";

    /// <summary>The target's path, percent-decoding undone, without query.</summary>
    public required string Path { get; init; }

    /// <summary>What follows the question mark, as it came; empty when nothing does.</summary>
    public string Query { get; init; } = "";

    /// <summary>The Host field as it came.</summary>
    public string Host { get; init; } = "";

    /// <summary>The Accept field as it came.</summary>
    public string Accept { get; init; } = "";

    /// <summary>The token of <c>Authorization: Bearer</c>, or null.</summary>
    public string? BearerToken { get; init; }

    /// <summary>Came over a Unix socket: no browser can be made to send it, whatever its Host says.</summary>
    public bool IsUnixSocket { get; init; }

    /// <summary>The first value of a query parameter, or null.</summary>
    public string? Parameter(string name) => Parameters(name).FirstOrDefault();

    /// <summary>Every value of a query parameter.</summary>
    public IEnumerable<string> Parameters(string name)
    {
        foreach (var pair in Query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = pair.IndexOf('=');
            if (string.Equals(equals < 0 ? pair : pair[..equals], name, StringComparison.Ordinal))
            {
                yield return equals < 0 ? "" : Uri.UnescapeDataString(pair[(equals + 1)..].Replace('+', ' '));
            }
        }
    }

    public bool WantsJson => Parameter("format") == "json";

    /// <summary>A terminal asks: <c>?color</c>.</summary>
    public Ink Ink => new(Parameter("color") is not null);
}
