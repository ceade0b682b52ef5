namespace Pillion.Core.Configuration.Documents;

/// <summary>The written form of a place in a document: <c>outbound.services.payments.endpoints[0]</c>.</summary>
internal static class ConfigPath
{
    public static string Key(string parent, string key)
    {
        if (key.Length == 0 || key.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('_' or '-' or '@')))
        {
            var quoted = ConfigError.Quote(key);
            return $"{parent}[{quoted}]";
        }

        return parent.Length == 0 ? key : $"{parent}.{key}";
    }

    public static string Item(string parent, int index) => $"{parent}[{index}]";
}
