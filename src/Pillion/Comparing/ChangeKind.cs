namespace Pillion.Comparing;

/// <summary>What became of a thing from one configuration to the other.</summary>
internal enum ChangeKind
{
    Added,
    Removed,
    Changed,
}
