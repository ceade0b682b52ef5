namespace Pillion.Proxy;
internal static class Placeholder;
