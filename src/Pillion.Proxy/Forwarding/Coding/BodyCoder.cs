using Pillion.Net.Memory;

namespace Pillion.Proxy.Forwarding.Coding;

/// <summary>What a coder shall do with what it holds back.</summary>
internal enum CodingStep : byte
{
    /// <summary>Hold back what makes the rest smaller.</summary>
    Go,

    /// <summary>Everything so far must be readable by the receiver.</summary>
    Flush,

    /// <summary>There is nothing more.</summary>
    Finish,
}

internal enum CodingResult : byte
{
    /// <summary>All input was taken, and nothing that the step asks for is left inside.</summary>
    Done,

    /// <summary>The output is full.</summary>
    OutputFull,

    /// <summary>The input is not of this coding, or ends in the middle.</summary>
    Corrupt,
}

/// <summary>
/// Encodes or decodes one body, piece by piece, into whatever room it is given: a body of any size passes in bounded memory. What it needs from
/// the system it takes with the first byte. Loop thread only.
/// </summary>
internal abstract class BodyCoder : IDisposable
{
    /// <summary>The input from its start; what was taken of it is consumed.</summary>
    /// <param name="count">Only so many bytes of the input.</param>
    public abstract CodingResult Code(Slab? input, ref int count, Slab output, CodingStep step);

    /// <summary>What is wrong with the input, behind <see cref="CodingResult.Corrupt"/>.</summary>
    public virtual string Flaw => "its body is not of the coding that it says";

    /// <summary>What is wrong is that it becomes too large.</summary>
    public virtual bool IsTooLarge => false;

    public abstract void Dispose();
}
