namespace Pillion.Commands;

/// <summary>What the commands end with; <c>run -- APP</c> ends with the application's own code.</summary>
internal static class ExitCodes
{
    public const int Success = 0;

    /// <summary>The answer is no: mistakes in a file, a time-out, no such request.</summary>
    public const int Failure = 1;

    /// <summary>The command could not be understood, or a file not be read.</summary>
    public const int Usage = 2;
}
