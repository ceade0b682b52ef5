using Pillion.Net.Memory;

namespace Pillion.Proxy.Forwarding.Coding;

/// <summary>A decoder that gives up on what becomes too large: a few kilobytes can unpack to gigabytes.</summary>
/// <param name="maxBytes">Of output; 0 is no limit.</param>
/// <param name="maxRatio">Output over input, looked at once there is enough output to tell.</param>
/// <param name="cause">What to say then.</param>
internal sealed class CappedBody(BodyCoder decoder, long maxBytes, int maxRatio, string cause) : BodyCoder
{
    // Anything may start with a page of blanks.
    private const int RatioFrom = 64 * 1024;

    private long _in;
    private long _out;

    public override bool IsTooLarge => (maxBytes > 0 && _out > maxBytes) || (_out > RatioFrom && _out > _in * maxRatio);

    public override string Flaw => IsTooLarge ? cause : decoder.Flaw;

    public override CodingResult Code(Slab? input, ref int count, Slab output, CodingStep step)
    {
        var given = count;
        var before = output.Length;
        var result = decoder.Code(input, ref count, output, step);
        _in += given - count;
        _out += output.Length - before;
        return IsTooLarge ? CodingResult.Corrupt : result;
    }

    public override void Dispose() => decoder.Dispose();
}
