namespace Pillion.Comparing;

/// <summary>One setting that is written differently, in the words of the file.</summary>
/// <param name="Path">Such as <c>outbound.services.payments.timeout</c>.</param>
/// <param name="From">As it stood, secrets left out; null where it was not there.</param>
/// <param name="To">As it stands now; null where it is gone.</param>
/// <param name="OldLine">0 where it was not there.</param>
internal sealed record WrittenChange(string Path, string? From, string? To, int OldLine, int NewLine)
{
    public ChangeKind Kind => From is null ? ChangeKind.Added : To is null ? ChangeKind.Removed : ChangeKind.Changed;
}
