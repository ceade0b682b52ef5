using Pillion.Core.Configuration;

namespace Pillion.Core.Identity.Secrets;

/// <summary>Parts, most often files, that make a secret together. Two sources that are equal share one secret.</summary>
internal abstract record SecretSource<T>
    where T : class
{
    /// <summary>The file by which it is known in logs and metrics.</summary>
    public abstract string Name { get; }

    public abstract ValueList<SecretPart> Parts { get; }

    public IReadOnlyList<string> Files => [.. Parts.Select(part => part.File).OfType<string>()];

    /// <summary>Makes the secret of what <see cref="Parts"/> hold, in their order, or says why it cannot be used now.</summary>
    public abstract LoadedSecret<T> Load(IReadOnlyList<byte[]> contents, DateTimeOffset now);
}
