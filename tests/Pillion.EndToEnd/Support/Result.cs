namespace Pillion.EndToEnd.Support;

/// <summary>What a program that has ended left behind.</summary>
internal sealed record Result(int Code, string Out, string Error)
{
    public override string ToString() => $"exit code {Code}\n--- standard output\n{Out}\n--- standard error\n{Error}";
}
