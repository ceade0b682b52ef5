namespace Pillion.Net.Signatures;

/// <summary>What a public key is made of; the curves are families of their own, because each belongs to one algorithm.</summary>
internal enum KeyFamily : byte
{
    Rsa,
    P256,
    P384,
    P521,
    Ed25519,
}
