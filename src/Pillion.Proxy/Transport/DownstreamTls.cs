using Pillion.Net.Tls;
using Pillion.Proxy.Configuration.Transport;

namespace Pillion.Proxy.Transport;

/// <summary>
/// The TLS of a filter chain: its context, made anew when a certificate or what is trusted has changed. New connections use the newest; old ones keep
/// the one they began with. Any thread.
/// </summary>
internal sealed class DownstreamTls
{
    private readonly DownstreamTlsConfig _config;
    private readonly IReadOnlyList<string> _protocols;
    private readonly TlsMaterial _material;
    private readonly Lock _lock = new();
    private volatile Made _made;

    /// <param name="protocols">ALPN names in order of preference.</param>
    /// <exception cref="InvalidOperationException">The settings cannot be used; the message says why.</exception>
    public DownstreamTls(DownstreamTlsConfig config, IReadOnlyList<string> protocols, TlsMaterial material)
    {
        _config = config;
        _protocols = protocols;
        _material = material;
        _made = Make();
    }

    public TlsMaterial Material => _material;

    public TimeSpan HandshakeTimeout => _config.HandshakeTimeout;

    /// <summary>The SPIFFE id that this side shows, where it is known by one.</summary>
    public string? OwnIdentity => _made.OwnIdentity;

    public TlsServerContext Current
    {
        get
        {
            var made = _made;
            return _material.IsMadeOf(made.Parts) ? made.Context : Renew();
        }
    }

    /// <summary>What was made of this serves that, too.</summary>
    public bool Serves(DownstreamTlsConfig config, IReadOnlyList<string> protocols, TlsMaterial material) =>
        _config == config && _protocols.SequenceEqual(protocols) && _material.IsSameAs(material);

    private TlsServerContext Renew()
    {
        lock (_lock)
        {
            if (!_material.IsMadeOf(_made.Parts))
            {
                _made = Make();
            }

            return _made.Context;
        }
    }

    private Made Make()
    {
        var parts = _material.Parts();
        var context = new TlsServerContext(new TlsServerSettings
        {
            Certificates = _material.Certificates(),
            ClientCertificates = _config.ClientCertificates,
            Trust = _config.ClientCertificates == ClientCertificates.None ? null : _material.Trust(null),
            ApplicationProtocols = _protocols,
            Min = TlsText.Version(_config.MinVersion),
            Max = TlsText.Version(_config.MaxVersion),
            CipherSuites = TlsText.List(_config.CipherSuites),
            Groups = TlsText.List(_config.Groups),
            Resumption = _config.Resumption,
        });
        return new Made(context, parts, _material.OwnIdentity);
    }

    private sealed record Made(TlsServerContext Context, object?[] Parts, string? OwnIdentity);
}
