using Pillion.Core.Configuration;

namespace Pillion.Core.Identity.Secrets;

/// <summary>Files that make a secret together. Two sources that are equal share one secret.</summary>
internal abstract record SecretSource<T>
    where T : class
{
    /// <summary>The file by which it is known in logs and metrics.</summary>
    public abstract string Name { get; }

    public abstract ValueList<string> Files { get; }

    /// <summary>Makes the secret of what stands in <see cref="Files"/>, in their order, or says why it cannot be used now.</summary>
    public abstract LoadedSecret<T> Load(IReadOnlyList<byte[]> contents, DateTimeOffset now);
}
