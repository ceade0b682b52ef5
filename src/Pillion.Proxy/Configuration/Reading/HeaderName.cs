using Pillion.Core.Configuration.Reading;
using Pillion.Proxy.Filters;

namespace Pillion.Proxy.Configuration.Reading;

/// <summary>The name of a header that is added or removed: a token, and not one that the message itself decides.</summary>
internal static class HeaderName
{
    /// <summary>Checks a name that stands as a key; the mistake is noted at its value.</summary>
    public static bool Check(string name, ConfigValue at, bool removes = false)
    {
        if (HeaderEdits.CheckName(name, removes) is not { } wrong)
        {
            return true;
        }

        var split = wrong.IndexOf("; ", StringComparison.Ordinal);
        at.Fail(split < 0 ? wrong : wrong[..split], split < 0 ? "use another name" : wrong[(split + 2)..]);
        return false;
    }

    /// <summary>A name that stands as a value; null after a mistake.</summary>
    public static string? Read(ConfigValue value, bool removes = false) => value.AsTextOrNull() is { } name && Check(name, value, removes) ? name : null;
}
