using System.Text;
using Pillion.Core.Identity.Secrets;
using Pillion.Net.Http;
using Pillion.Proxy.Forwarding;

namespace Pillion.Proxy.Filters.Credentials.Injected;

/// <summary>Puts the secret into each request, marked so that neither logs nor the tables of HTTP/2 keep it.</summary>
internal sealed class CredentialFilter : Filter
{
    private readonly CredentialConfig _config;
    private readonly Secret<byte[]>? _secret;
    private readonly byte[] _header;
    private readonly KnownField _known;

    public CredentialFilter(CredentialConfig config, FilterContext context)
        : base(config, context)
    {
        _config = config;
        _secret = config.Secret is null ? null : FilterSecret.Take(new CredentialFile(config.Secret, config.Prefix), config, context);
        _header = Encoding.ASCII.GetBytes(config.Header.ToLowerInvariant());
        _known = KnownFields.Identify(_header);
    }

    public override ValueTask<bool> RequestAsync(Exchange exchange)
    {
        var fields = exchange.Request.Fields;
        if (!_config.Overwrites && fields.IndexOf(_header) >= 0)
        {
            Tell(exchange, "kept");
            return new(true);
        }

        fields.RemoveAll(_header);
        fields.AddSecret(_known, _header, _secret!.Current);
        Tell(exchange, "injected");
        return new(true);
    }
}
