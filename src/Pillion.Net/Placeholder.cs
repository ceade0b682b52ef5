namespace Pillion.Net;
internal static class Placeholder;
