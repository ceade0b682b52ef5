using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Core.Identity.Secrets;

namespace Pillion.Proxy.Configuration.Envoy.Transport;

/// <summary><c>static_resources.secrets</c>, and what refers to one of them by its name.</summary>
internal static class EnvoySecrets
{
    /// <summary>Reads the list; only generic secrets are of use, certificates stand where they are used.</summary>
    public static void ReadAll(ConfigValue value, EnvoyScope scope) => _ = value.AsList(item =>
    {
        using var map = item.AsMap("Secret");
        var name = map.Required("name");
        using var generic = map.Required("generic_secret").AsMap("GenericSecret");
        if (EnvoyDataSource.ReadText(generic.Required("secret")) is { } part && name.AsTextOrNull() is { } text && !scope.Secrets.TryAdd(text, part))
        {
            name.FailText("is the name of another secret too", "give each its own name");
        }

        return "";
    });

    /// <summary>SdsSecretConfig that names a secret of the file; null after a mistake.</summary>
    public static SecretPart? ReadGeneric(ConfigValue value, EnvoyScope scope)
    {
        using var map = value.AsMap("SdsSecretConfig");
        var name = map.Required("name");
        map.Refuse("sds_config", "asks a server, or a file of its form, for the secret, which comes with the control plane", "put the secret into static_resources.secrets, as generic_secret: { secret: { filename: … } }; the file is watched");
        if (name.AsTextOrNull() is not { } text)
        {
            return null;
        }

        if (scope.Secrets.TryGetValue(text, out var part))
        {
            return part;
        }

        name.FailText("is not a secret of this file", NearestName.Of(text, scope.Secrets.Keys) is { } nearest ? $"did you mean '{nearest}'?" : "add it to static_resources.secrets");
        return null;
    }
}
