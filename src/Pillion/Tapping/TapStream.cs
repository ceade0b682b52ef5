using System.Buffers;
using Pillion.Admin;
using Pillion.Core.Signals;
using Pillion.Core.Signals.Watching;

namespace Pillion.Tapping;

/// <summary>What an open tap lets through, a part at a time, until its client leaves or it has shown as many as were asked for.</summary>
internal sealed class TapStream(Tap tap, RequestWatchers watchers, long limit, bool asJson, Ink ink) : IAdminStream
{
    private const int PartBytes = 64 * 1024;

    private long _left = limit;

    public async ValueTask<ReadOnlyMemory<byte>> NextAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (_left <= 0 || !await tap.Queue.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
            {
                return default;
            }
        }
        catch (OperationCanceledException)
        {
            return default;
        }

        var output = new ArrayBufferWriter<byte>(4096);
        while (_left > 0 && output.WrittenCount < PartBytes && tap.Queue.TryRead(out var tapped))
        {
            _left--;
            if (asJson)
            {
                TapText.WriteJson(output, tapped);
            }
            else
            {
                TapText.Write(output, tapped, ink);
            }
        }

        if (tap.TakeDropped() is > 0 and var dropped)
        {
            TapText.WriteDropped(output, dropped, asJson, ink);
        }

        return output.WrittenMemory;
    }

    public void Dispose() => watchers.Remove(tap);
}
