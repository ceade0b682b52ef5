using System.IO.Compression;
using Pillion.Net.Memory;

namespace Pillion.Proxy.Forwarding.Coding;

/// <summary>gzip (RFC 1952), into it. The system library has it as a stream only, which writes into <see cref="CodedBytes"/>.</summary>
/// <param name="level">1 is the fastest, 9 the smallest.</param>
internal sealed class GzipBody(int level) : BodyCoder
{
    private readonly CodedBytes _coded = new();
    private GZipStream? _stream;
    private bool _isFlushed = true;
    private bool _isFinished;

    public override CodingResult Code(Slab? input, ref int count, Slab output, CodingStep step)
    {
        _stream ??= new GZipStream(_coded, new ZLibCompressionOptions { CompressionLevel = level }, leaveOpen: true);
        if (count > 0)
        {
            _stream.Write(input!.Filled[..count]);
            input.Consume(count);
            count = 0;
            _isFlushed = false;
        }

        if (step == CodingStep.Flush && !_isFlushed)
        {
            _stream.Flush();
            _isFlushed = true;
        }

        if (step == CodingStep.Finish && !_isFinished)
        {
            _stream.Dispose();
            _isFinished = true;
        }

        return _coded.MoveTo(output) ? CodingResult.Done : CodingResult.OutputFull;
    }

    public override void Dispose()
    {
        if (!_isFinished)
        {
            // Ending an unfinished stream writes its rest, which nobody wants.
            _coded.IsClosed = true;
            _stream?.Dispose();
        }

        _coded.Clear();
    }
}
