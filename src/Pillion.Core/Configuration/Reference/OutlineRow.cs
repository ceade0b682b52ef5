namespace Pillion.Core.Configuration.Reference;

/// <summary>One setting as its reader describes it.</summary>
internal sealed record OutlineRow(string Path, string Type, string? Default, bool Required, string Meaning);
