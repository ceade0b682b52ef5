namespace Pillion.Reload;

/// <summary>A configuration that was read, or every mistake in it.</summary>
internal readonly record struct LoadResult<TConfig>(TConfig? Config, IReadOnlyList<string> Mistakes)
    where TConfig : class;
