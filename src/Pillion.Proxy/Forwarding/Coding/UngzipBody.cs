using System.IO.Compression;
using Pillion.Net.Memory;

namespace Pillion.Proxy.Forwarding.Coding;

/// <summary>gzip (RFC 1952), out of it. The system library has it as a stream only, which reads what <see cref="GivenBytes"/> has.</summary>
internal sealed class UngzipBody : BodyCoder
{
    private readonly GivenBytes _given = new();
    private GZipStream? _stream;
    private long _length;

    // The last eight bytes that were taken: at the end, they are the checksum and the length of what was decoded.
    private ulong _last;

    public override CodingResult Code(Slab? input, ref int count, Slab output, CodingStep step)
    {
        _stream ??= new GZipStream(_given, CompressionMode.Decompress, leaveOpen: true);
        _given.Input = input;
        _given.Count = count;
        try
        {
            while (!output.Free.IsEmpty)
            {
                var read = _stream.Read(output.Free);
                if (read == 0)
                {
                    break;
                }

                output.Advance(read);
                _length += read;
            }
        }
        catch (Exception exception) when (exception is InvalidDataException or IOException)
        {
            return CodingResult.Corrupt;
        }
        finally
        {
            count = _given.Count;
            _last = _given.Last;
            _given.Input = null;
        }

        if (output.Free.IsEmpty)
        {
            return CodingResult.OutputFull;
        }

        // RFC 1952 §2.3.1: a member ends with the length of what was decoded; one that was cut off does not, nor do several in a row, which nobody sends.
        return step == CodingStep.Finish && _given.Taken > 0 && (uint)(_last >> 32) != (uint)_length ? CodingResult.Corrupt : CodingResult.Done;
    }

    public override void Dispose() => _stream?.Dispose();
}
