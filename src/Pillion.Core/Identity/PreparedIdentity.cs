using Pillion.Core.Identity.Secrets;
using Pillion.Core.Lifecycle;

namespace Pillion.Core.Identity;

/// <summary>The identity of a configuration that does not run yet.</summary>
/// <param name="identity">Null where the configuration gives none, or a bad one.</param>
internal sealed class PreparedIdentity(WorkloadIdentity owner, SecretSet set, Secret<IdentitySnapshot>? identity, IReadOnlyList<string> mistakes) : Prepared
{
    public Secret<IdentitySnapshot>? Identity => identity;

    public override IReadOnlyList<string> Mistakes => mistakes;

    public override void Commit() => owner.Use(set, identity);

    public override void Abandon() => set.Dispose();
}
