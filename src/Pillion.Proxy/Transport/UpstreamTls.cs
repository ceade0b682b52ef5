using Pillion.Net.Tls;
using Pillion.Proxy.Clusters;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Configuration.Transport;

namespace Pillion.Proxy.Transport;

/// <summary>
/// The TLS of a cluster: contexts by what is spoken and whom the certificate must be for, made anew when a certificate or what is trusted has changed.
/// Connections that were made under an older generation are used no more once their exchanges are over. Any thread.
/// </summary>
internal sealed class UpstreamTls
{
    private static readonly string[] OnlyHttp1 = ["http/1.1"];
    private static readonly string[] OnlyHttp2 = ["h2"];
    private static readonly string[] Either = ["h2", "http/1.1"];

    private readonly UpstreamTlsConfig _config;
    private readonly TlsMaterial _material;
    private readonly Lock _lock = new();
    private volatile Generation _made;

    /// <exception cref="InvalidOperationException">The settings cannot be used; the message says why.</exception>
    public UpstreamTls(UpstreamTlsConfig config, TlsMaterial material)
    {
        _config = config;
        _material = material;
        _made = new Generation(1, material.Parts(), []);
        // Tried once with the names it will have, so that what cannot work is a mistake of the file and not of a request.
        Make(HttpProtocol.Auto, config.ServerName);
    }

    public TlsMaterial Material => _material;

    /// <summary>Counts up when what connections are made of has changed.</summary>
    public int Number => Now.Number;

    private Generation Now
    {
        get
        {
            var made = _made;
            return _material.IsMadeOf(made.Parts) ? made : Renew();
        }
    }

    /// <summary>The name to ask an endpoint for, and to verify where the configuration says so; null where there is none.</summary>
    public string? ServerNameOf(Endpoint endpoint) => _config.ServerName ?? endpoint.HostName;

    /// <param name="speaks">Null is no HTTP.</param>
    public TlsClientContext For(HttpProtocol? speaks, Endpoint endpoint)
    {
        var now = Now;
        var verified = _config.VerifyServerName ? ServerNameOf(endpoint) ?? endpoint.Address.Host : null;
        lock (_lock)
        {
            if (!now.Contexts.TryGetValue((speaks, verified), out var context))
            {
                now.Contexts[(speaks, verified)] = context = Make(speaks, verified);
            }

            return context;
        }
    }

    private Generation Renew()
    {
        lock (_lock)
        {
            if (!_material.IsMadeOf(_made.Parts))
            {
                _made = new Generation(_made.Number + 1, _material.Parts(), []);
            }

            return _made;
        }
    }

    private TlsClientContext Make(HttpProtocol? speaks, string? verified) => new(new TlsClientSettings
    {
        Certificate = _material.Certificates().FirstOrDefault(),
        Trust = _material.Trust(verified),
        ApplicationProtocols = _config.ApplicationProtocols.Count > 0 ? [.. _config.ApplicationProtocols] : speaks switch
        {
            HttpProtocol.Http1 => OnlyHttp1,
            HttpProtocol.Http2 => OnlyHttp2,
            HttpProtocol.Auto => Either,
            _ => [],
        },
        Min = TlsText.Version(_config.MinVersion),
        Max = TlsText.Version(_config.MaxVersion),
        CipherSuites = TlsText.List(_config.CipherSuites),
        Groups = TlsText.List(_config.Groups),
        Resumption = _config.Resumption,
    });

    private sealed record Generation(int Number, object?[] Parts, Dictionary<(HttpProtocol? Speaks, string? Verified), TlsClientContext> Contexts);
}
