namespace Pillion.Net.Posix;

/// <summary>How a process ended, from the status word of wait(2).</summary>
internal readonly record struct ExitStatus(int Word)
{
    /// <summary>The signal that ended it; 0 when it ended by itself.</summary>
    public int Signal => Word & 0x7f;

    /// <summary>The code as a shell reports it: its own, or 128 plus the signal.</summary>
    public int Code => Signal == 0 ? (Word >> 8) & 0xff : 128 + Signal;

    public override string ToString() => Signal == 0 ? $"exit code {Code}" : $"signal {Signal} ({PosixSignals.Name(Signal)})";
}
