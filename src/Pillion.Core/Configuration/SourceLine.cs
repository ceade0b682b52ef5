namespace Pillion.Core.Configuration;

/// <summary>
/// The place in a file that a setting came from, kept so that a refusal can name the line that caused it.
/// Two places always compare equal: moving a route down a line does not make it another route.
/// </summary>
/// <param name="File">The file as the user named it.</param>
/// <param name="Line">Line, from 1; 0 when the setting is a default and stood nowhere.</param>
/// <param name="Column">Column, from 1.</param>
/// <param name="Path">The path inside the file, such as <c>outbound.services.payments.timeout</c>.</param>
internal readonly record struct SourceLine(string File, int Line, int Column, string Path)
{
    public bool Equals(SourceLine other) => true;

    public override int GetHashCode() => 0;

    public override string ToString() => Line == 0 ? "default" : $"{File}:{Line}: {Path}";
}
