using System.Buffers;
using System.IO.Compression;
using Pillion.Net.Memory;

namespace Pillion.Proxy.Forwarding.Coding;

/// <summary>Brotli (RFC 7932), into it.</summary>
/// <param name="quality">0 is the fastest, 11 the smallest.</param>
/// <param name="window">Bits of the window: 10 to 24.</param>
internal sealed class BrotliBody(int quality, int window) : BodyCoder
{
    private BrotliEncoder _encoder;
    private bool _isBegun;

    public override CodingResult Code(Slab? input, ref int count, Slab output, CodingStep step)
    {
        if (!_isBegun)
        {
            _encoder = new BrotliEncoder(quality, window);
            _isBegun = true;
        }

        if (count > 0)
        {
            var status = _encoder.Compress(input!.Filled[..count], output.Free, out var consumed, out var written, isFinalBlock: false);
            input.Consume(consumed);
            count -= consumed;
            output.Advance(written);
            if (count > 0 || status == OperationStatus.DestinationTooSmall)
            {
                return CodingResult.OutputFull;
            }
        }

        if (step == CodingStep.Go)
        {
            return CodingResult.Done;
        }

        int more;
        var rest = step == CodingStep.Flush
            ? _encoder.Flush(output.Free, out more)
            : _encoder.Compress(default, output.Free, out _, out more, isFinalBlock: true);
        output.Advance(more);
        return rest == OperationStatus.DestinationTooSmall ? CodingResult.OutputFull : CodingResult.Done;
    }

    public override void Dispose() => _encoder.Dispose();
}
