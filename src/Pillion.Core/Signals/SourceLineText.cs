using Pillion.Core.Configuration;

namespace Pillion.Core.Signals;

/// <summary>A place in a configuration file, written without allocation: <c>pillion.yaml:14: outbound.services.orders</c>.</summary>
internal static class SourceLineText
{
    public static void Write(LineBuffer line, SourceLine source)
    {
        if (source.Line == 0)
        {
            line.Raw("default"u8);
            return;
        }

        line.Value(source.File);
        line.Raw((byte)':');
        line.Number(source.Line);
        if (!string.IsNullOrEmpty(source.Path))
        {
            line.Raw(": "u8);
            line.Value(source.Path);
        }
    }
}
