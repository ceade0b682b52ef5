using System.Text.Json;
using Pillion.Net.Tls;

namespace Pillion.Proxy.Listeners;

/// <summary>Reasons of refused handshakes as words in metrics: <c>wrong_trust_domain</c>.</summary>
internal static class TlsWords
{
    private static readonly string[] Words = [.. Enum.GetNames<TlsRefusal>().Select(JsonNamingPolicy.SnakeCaseLower.ConvertName)];

    public static string Of(TlsRefusal refusal) => Words[(int)refusal];
}
