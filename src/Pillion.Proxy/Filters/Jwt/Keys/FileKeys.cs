using Pillion.Core.Identity.Secrets;
using Pillion.Proxy.Filters.Jwt.Jose;

namespace Pillion.Proxy.Filters.Jwt.Keys;

/// <summary>Keys of a watched file: what was replaced is taken without being asked for.</summary>
internal sealed class FileKeys(Secret<JsonWebKeys>? secret) : KeySource
{
    public override JsonWebKeys? Current => secret?.Current;
}
