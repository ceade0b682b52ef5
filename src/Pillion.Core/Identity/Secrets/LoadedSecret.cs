namespace Pillion.Core.Identity.Secrets;

/// <summary>What files made: a value and, where it is one that ends, its life; or a fault.</summary>
internal readonly record struct LoadedSecret<T>(T? Value, CertificateLife? Life, SecretFault? Fault)
    where T : class
{
    public static implicit operator LoadedSecret<T>(SecretFault fault) => new(null, null, fault);
}
