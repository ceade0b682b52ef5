using Pillion.Core.Configuration.Reading;
using Pillion.Core.Signals.AccessLog;

namespace Pillion.Proxy.Configuration.Reading;

/// <summary>Texts of operators, such as <c>%REQ(:METHOD)%</c>.</summary>
internal static class OperatorText
{
    /// <summary>The text, or null when it is missing or one of its operators is unknown.</summary>
    public static string? Read(ConfigValue value)
    {
        if (value.AsTextOrNull() is not { } text)
        {
            return null;
        }

        if (LogFormatReader.Check(text) is not { } mistake)
        {
            return text;
        }

        // The check tells problem and remedy in one sentence.
        var split = mistake.IndexOf("; ", StringComparison.Ordinal);
        if (split < 0)
        {
            value.Fail(mistake, "write an operator as %NAME% or %NAME(ARGUMENT)%, and %% for a per cent sign");
        }
        else
        {
            value.Fail(mistake[..split], mistake[(split + 2)..]);
        }

        return null;
    }
}
