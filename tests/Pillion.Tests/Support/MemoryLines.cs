using System.Text;
using Pillion.Core.Signals.AccessLog;

namespace Pillion.Tests.Support;

/// <summary>An access log that stays in memory.</summary>
internal sealed class MemoryLines : ILineSink
{
    public List<string> Lines { get; } = [];

    public long Write(ReadOnlyMemory<byte> first, ReadOnlyMemory<byte> second, out string? error)
    {
        error = null;
        byte[] all = [.. first.Span, .. second.Span];
        var lines = Encoding.UTF8.GetString(all).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Lines.AddRange(lines);
        return lines.Length;
    }

    public void Dispose()
    {
    }
}
