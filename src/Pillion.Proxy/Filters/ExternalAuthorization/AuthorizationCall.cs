using Pillion.Core.Protobuf;
using Pillion.Proxy.Upstreams.Calls;

namespace Pillion.Proxy.Filters.ExternalAuthorization;

/// <summary>What one question needs; used again for the next one. Loop thread only.</summary>
internal sealed class AuthorizationCall
{
    public ProtoWriter Message { get; } = new(2048);

    public CallAnswer HttpAnswer { get; } = new();

    public AuthorizationAnswer Answer { get; } = new();

    /// <summary>The part of the body that is sent with the question.</summary>
    public byte[] Body { get; private set; } = [];

    public int BodyLength { get; set; }

    public ReadOnlyMemory<byte> SentBody => Body.AsMemory(0, BodyLength);

    public void MakeRoom(int bytes)
    {
        if (Body.Length < bytes)
        {
            Body = new byte[bytes];
        }
    }
}
