using Pillion.Core.Configuration;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Routing;

namespace Pillion;

/// <summary>What keeps routes from being compiled, as mistakes of the file; a place where the reader has found one already gets no second.</summary>
internal static class RouteMistakes
{
    public static void Check(ProxyConfig proxy, string file, List<ConfigError> errors)
    {
        foreach (var (source, message) in proxy.Listeners.SelectMany(listener => RouteTableCheck.Find(listener.Http.Routes)))
        {
            if (errors.Any(error => error.Path.StartsWith(source.Path, StringComparison.Ordinal)))
            {
                continue;
            }

            // The check says what is wrong and, behind a semicolon, what would be right.
            var remedy = message.LastIndexOf("; ", StringComparison.Ordinal);
            errors.Add(new ConfigError(
                source.Line == 0 ? file : source.File,
                Math.Max(1, source.Line),
                Math.Max(1, source.Column),
                source.Path ?? "",
                remedy < 0 ? message : message[..remedy],
                remedy < 0 ? "see docs/reference/configuration.md" : message[(remedy + 2)..]));
        }
    }
}
