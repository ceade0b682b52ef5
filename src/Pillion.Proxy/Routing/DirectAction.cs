using System.Text;
using Pillion.Net.Http;
using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Routing;

/// <summary>Answer from the configuration; the bytes are ready.</summary>
internal sealed class DirectAction(DirectResponseConfig config) : RouteAction
{
    private readonly byte[] _contentType = Encoding.ASCII.GetBytes(config.ContentType);
    private readonly byte[] _body = Encoding.UTF8.GetBytes(config.Body);

    public int Status { get; } = config.Status;

    public ReadOnlyMemory<byte> Body => _body;

    /// <summary>Fills a cleared head; the body, which HEAD goes without, is <see cref="Body"/>.</summary>
    public void Write(ResponseHead response)
    {
        response.Status = Status;
        response.Body = BodyKind.Length;
        response.ContentLength = _body.Length;
        if (_body.Length > 0)
        {
            response.Fields.Add(KnownField.ContentType, _contentType);
        }
    }
}
