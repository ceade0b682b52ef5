using System.Buffers;
using System.IO.Compression;
using Pillion.Net.Memory;

namespace Pillion.Proxy.Forwarding.Coding;

/// <summary>Brotli (RFC 7932), out of it.</summary>
internal sealed class UnbrotliBody : BodyCoder
{
    private BrotliDecoder _decoder;
    private bool _isEnded;

    public override CodingResult Code(Slab? input, ref int count, Slab output, CodingStep step)
    {
        if (_isEnded)
        {
            // What stands behind the end is no part of it.
            return count > 0 ? CodingResult.Corrupt : CodingResult.Done;
        }

        var status = _decoder.Decompress(count > 0 ? input!.Filled[..count] : default, output.Free, out var consumed, out var written);
        if (consumed > 0)
        {
            input!.Consume(consumed);
            count -= consumed;
        }

        output.Advance(written);
        switch (status)
        {
            case OperationStatus.Done:
                _isEnded = true;
                return count > 0 ? CodingResult.Corrupt : CodingResult.Done;
            case OperationStatus.DestinationTooSmall:
                return CodingResult.OutputFull;
            case OperationStatus.NeedMoreData:
                return step == CodingStep.Finish ? CodingResult.Corrupt : CodingResult.Done;
            default:
                return CodingResult.Corrupt;
        }
    }

    public override void Dispose() => _decoder.Dispose();
}
