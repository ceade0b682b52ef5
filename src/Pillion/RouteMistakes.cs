using Pillion.Core.Configuration;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Routing;

namespace Pillion;

/// <summary>What keeps routes from being compiled, as mistakes of the file: the net below the readers, which find most of it with its column.</summary>
internal static class RouteMistakes
{
    public static void Check(ProxyConfig proxy, string file, List<ConfigError> errors)
    {
        foreach (var (source, message) in proxy.Listeners.SelectMany(listener => listener.AllChains).Where(chain => chain.Http is not null).SelectMany(chain => RouteTableCheck.Find(chain.Http!.Routes)))
        {
            // The check says what is wrong and, behind a semicolon, what would be right.
            var remedy = message.LastIndexOf("; ", StringComparison.Ordinal);
            errors.Note(new ConfigError(
                source.Line == 0 ? file : source.File,
                Math.Max(1, source.Line),
                Math.Max(1, source.Column),
                source.Path ?? "",
                remedy < 0 ? message : message[..remedy],
                remedy < 0 ? "see docs/reference/configuration.md" : message[(remedy + 2)..]));
        }
    }
}
