namespace Pillion.Core;
internal static class Placeholder;
