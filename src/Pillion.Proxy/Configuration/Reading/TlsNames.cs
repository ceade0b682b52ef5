using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;

namespace Pillion.Proxy.Configuration.Reading;

/// <summary>What OpenSSL calls suites and groups, and what may be an ALPN name: checked when the file is read, not when the first client comes.</summary>
internal static class TlsNames
{
    /// <summary>Of TLS 1.2; those of TLS 1.3 are all safe and cannot be chosen.</summary>
    private static readonly Registry<string> Suites = new("cipher suite of TLS 1.2")
    {
        { "ECDHE-ECDSA-AES128-GCM-SHA256", "" },
        { "ECDHE-RSA-AES128-GCM-SHA256", "" },
        { "ECDHE-ECDSA-AES256-GCM-SHA384", "" },
        { "ECDHE-RSA-AES256-GCM-SHA384", "" },
        { "ECDHE-ECDSA-CHACHA20-POLY1305", "" },
        { "ECDHE-RSA-CHACHA20-POLY1305", "" },

        // Without authenticated encryption or forward secrecy: for clients that know nothing better.
        { "ECDHE-ECDSA-AES128-SHA256", "" },
        { "ECDHE-RSA-AES128-SHA256", "" },
        { "ECDHE-ECDSA-AES128-SHA", "" },
        { "ECDHE-RSA-AES128-SHA", "" },
        { "ECDHE-ECDSA-AES256-SHA384", "" },
        { "ECDHE-RSA-AES256-SHA384", "" },
        { "ECDHE-ECDSA-AES256-SHA", "" },
        { "ECDHE-RSA-AES256-SHA", "" },
        { "AES128-GCM-SHA256", "" },
        { "AES256-GCM-SHA384", "" },
        { "AES128-SHA256", "" },
        { "AES256-SHA256", "" },
        { "AES128-SHA", "" },
        { "AES256-SHA", "" },
    };

    private static readonly Registry<string> GroupNames = new("group for key agreement")
    {
        { "X25519", "" },
        { "P-256", "" },
        { "P-384", "" },
        { "P-521", "" },
        { "X25519MLKEM768", "" },
    };

    public static ValueList<string> ReadSuites(ConfigValue value)
    {
        var suites = new List<string>();
        _ = value.AsTexts(item =>
        {
            // Envoy's brackets hold suites of equal preference; OpenSSL has an order.
            foreach (var name in item.AsText().Trim('[', ']').Split('|'))
            {
                if (item.IsText && Check(item, name, Suites, Remedy(name)))
                {
                    suites.Add(name);
                }
            }

            return "";
        });
        return new([.. suites]);
    }

    public static ValueList<string> ReadGroups(ConfigValue value) =>
        value.AsTexts(item => item.AsTextOrNull() is { } name && Check(item, name, GroupNames, null) ? name : null);

    /// <summary>RFC 7301 §3.1: 1 to 255 bytes; none that anybody uses has others than these.</summary>
    public static ValueList<string> ReadProtocols(ConfigValue value) =>
        value.AsTexts(item => item.AsTextOrNull("protocol name", name => name.Length <= 255 && HttpText.IsToken(name.Replace('/', '-')), "use a name such as h2 or http/1.1"));

    private static string Remedy(string suite) =>
        suite.StartsWith("TLS_", StringComparison.Ordinal) ? "name suites as OpenSSL does for TLS 1.2; those of TLS 1.3 cannot be chosen" :
        NearestName.Of(suite, Suites.Names) is { } nearest ? $"did you mean '{nearest}'?" : "use a suite such as ECDHE-RSA-AES128-GCM-SHA256";

    private static bool Check(ConfigValue item, string name, Registry<string> names, string? remedy)
    {
        if (names.TryGet(name, out _))
        {
            return true;
        }

        item.Fail($"{ConfigError.Quote(name)} is not a {names.Kind} that is supported", remedy ?? names.Suggest(name));
        return false;
    }
}
