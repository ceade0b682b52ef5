using System.Runtime.CompilerServices;
using System.Text.Json;
using Pillion.Net.Detection;
using Pillion.Net.Loop;
using Pillion.Net.Sockets;
using Pillion.Net.Tls;
using Pillion.Proxy.Configuration;
using Pillion.Proxy.Listeners.Matching;
using Pillion.Proxy.Tcp;
using Pillion.Proxy.Transport;

namespace Pillion.Proxy.Listeners;

/// <summary>A client's connection from its first byte to its last: what it is, which chain takes it, TLS, and then whatever serves it.</summary>
internal sealed class DownstreamConnection(ProxyRole role, ProxyLoop loop, BoundListener listener, Connection connection)
{
    // Only whether it is HTTP/2: a client of HTTP that says nothing yet is waited for as one that keeps its connection.
    private static readonly DetectionSettings Preface = new() { ReadClientHello = false, SilenceTimeout = TimeSpan.Zero };

    private Connection _connection = connection;
    private LiveChain? _chain;
    private IServedConnection? _served;

    /// <summary>The listener whose connection it is.</summary>
    public BoundListener Listener => listener;

    /// <summary>Serves until the connection ends. Never throws.</summary>
    [AsyncMethodBuilder(typeof(PooledMethodBuilder))]
    public async ValueTask ServeAsync()
    {
        try
        {
            _served = await IdentifyAsync();
        }
        catch (Exception exception)
        {
            loop.Unhandled(exception);
        }

        if (_served is null)
        {
            _connection.Close();
        }
        else
        {
            await _served.ServeAsync();
        }
    }

    /// <summary>Closes the connection when it waits between requests; one that is being served closes behind its answer.</summary>
    public void CloseIfIdle()
    {
        if (_served is null)
        {
            _connection.Close();
        }
        else
        {
            _served.CloseIfIdle();
        }
    }

    /// <summary>Memory is short: as <see cref="CloseIfIdle"/>, for HTTP, whose connections are made anew when they are needed.</summary>
    public bool ShedIfIdle()
    {
        if (_served is not (Http1Connection or Http2Connection))
        {
            return false;
        }

        _served.CloseIfIdle();
        return true;
    }

    /// <summary>Another configuration is in place: where it no longer has the connection's chain, or has it with other TLS, nothing new begins on the connection.</summary>
    public void Reloaded()
    {
        if (_served is not null && _chain!.IsClosing)
        {
            _served.CloseIfIdle();
        }
    }

    /// <summary>Closes the connection whatever it does: the grace period is over.</summary>
    public void CloseNow()
    {
        if (_served is null)
        {
            _connection.Abort();
        }
        else
        {
            _served.CloseNow();
        }
    }

    // Null: it is refused, or over before anything was asked.
    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<IServedConnection?> IdentifyAsync()
    {
        var current = listener.Current;
        if (current.Config.OriginalDestination && _connection.OriginalDestination() is { } wanted)
        {
            _connection.SetAddresses(_connection.Remote, wanted);
        }

        var detected = default(Detected);
        if (current.DetectionFor(_connection.Remote) is { } settings)
        {
            detected = await Detector.DetectAsync(_connection, settings, Deadline.After(loop.Events, current.FirstByteTimeout), loop.ServersThatSpeakFirst);
            if (detected.Kind is DetectedKind.Ended or DetectedKind.Violation ||
                (detected.Kind == DetectedKind.Silent && !current.Config.Detection.ContinueOnTimeout))
            {
                Refused(current, detected);
                return null;
            }
        }

        var chosen = current.Choose(new ConnectionFacts
        {
            Source = _connection.Remote,
            Destination = _connection.Local,
            IsTls = detected.Kind == DetectedKind.Tls,
            ServerName = detected.ServerName,
            ApplicationProtocols = ProtocolsOf(detected),
        });
        if (chosen is null)
        {
            current.Metrics(loop).NoChain++;
            role.ConnectionRefused(current, _connection.Remote.ToString(), "no_chain", $"no filter chain takes it ({Describe(detected)})");
            return null;
        }

        if (chosen.Config.CountsPlaintext)
        {
            current.Metrics(loop).Plaintext++;
            role.PlaintextPeers.Count(current.Name, _connection.Remote);
        }

        var chain = _chain = new LiveChain(listener, current, chosen);
        if (chosen.Tls is not null && !await SecureAsync(current, chosen.Tls))
        {
            return null;
        }

        return await ServedByAsync(chain, chosen, chosen.Tls is null ? detected.Kind : DetectedKind.Undetected, chosen.Tls is null ? detected.ServerName : null);
    }

    // Takes TLS off: the connection becomes the one inside.
    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<bool> SecureAsync(ListenerSnapshot current, DownstreamTls tls)
    {
        var metrics = current.Metrics(loop);
        var peer = _connection.Remote;
        var result = await TlsHandshake.AcceptAsync(_connection, tls.Current, Deadline.After(loop.Events, tls.HandshakeTimeout));
        if (result.Connection is null)
        {
            metrics.TlsFailures++;
            var reason = TlsWords.Of(result.Refusal);
            metrics.TlsRefusals.Count(reason);
            // Port checks and clients that change their mind are no news.
            if (result.Refusal != TlsRefusal.Ended)
            {
                role.ConnectionRefused(current, peer.ToString(), reason, $"TLS handshake: {result.Cause ?? reason}");
            }

            return false;
        }

        metrics.TlsHandshakes++;
        metrics.TlsResumed += result.Connection.Tls!.IsResumed ? 1 : 0;
        _connection = result.Connection;
        return true;
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<IServedConnection?> ServedByAsync(LiveChain chain, ChainSnapshot chosen, DetectedKind kind, string? serverName)
    {
        if (chosen.Http is not { } http)
        {
            return new TcpConnection(loop, chain, _connection, wasSilent: kind == DetectedKind.Silent, serverName);
        }

        if (kind == DetectedKind.Silent && chosen.Tcp is null)
        {
            // Nothing is known yet: its server will not speak first.
            kind = DetectedKind.Undetected;
        }

        switch (_connection.Tls?.ApplicationProtocol)
        {
            case "h2":
                return new Http2Connection(loop, chain, _connection);
            case "http/1.1" or "http/1.0":
                return new Http1Connection(loop, chain, _connection);
        }

        if (http.Http.Codec is HttpProtocol.Http1 or HttpProtocol.Http2 && chosen.Tcp is null)
        {
            kind = http.Http.Codec == HttpProtocol.Http1 ? DetectedKind.Http1 : DetectedKind.Http2;
        }

        var isKnown = kind != DetectedKind.Undetected;
        if (!isKnown)
        {
            var settings = chosen.Tcp is null ? Preface : Preface with { SilenceTimeout = listener.Current.Config.Detection.Timeout };
            var deadline = chosen.Tcp is null ? Deadline.After(loop.Events, http.Http.IdleTimeout) : default;
            kind = (await Detector.DetectAsync(_connection, settings, deadline)).Kind;
        }

        return kind switch
        {
            DetectedKind.Http2 => new Http2Connection(loop, chain, _connection),
            DetectedKind.Http1 => new Http1Connection(loop, chain, _connection),
            DetectedKind.Ended when chosen.Tcp is null => EndedBeforeRequest(http, isIdle: false),
            DetectedKind.Silent when chosen.Tcp is null && !isKnown => EndedBeforeRequest(http, isIdle: true),
            _ when chosen.Tcp is not null => new TcpConnection(loop, chain, _connection, wasSilent: kind == DetectedKind.Silent, serverName),
            // Told in HTTP/1 what is wrong with it.
            _ => new Http1Connection(loop, chain, _connection),
        };
    }

    private IServedConnection? EndedBeforeRequest(HttpSnapshot http, bool isIdle)
    {
        var metrics = http.Metrics(loop);
        metrics.ConnectionsTotal++;
        metrics.ConnectionsHttp1++;
        metrics.ConnectionsDestroyed++;
        metrics.ConnectionsIdleTimeout += isIdle ? 1 : 0;
        return null;
    }

    private void Refused(ListenerSnapshot current, in Detected detected)
    {
        if (detected.Kind == DetectedKind.Ended)
        {
            return;
        }

        var reason = detected.Kind == DetectedKind.Silent ? "silent" : JsonNamingPolicy.SnakeCaseLower.ConvertName(detected.Violation.ToString());
        current.Metrics(loop).Refusals.Count(reason);
        role.ConnectionRefused(current, _connection.Remote.ToString(), reason, detected.Violation switch
        {
            DetectionViolation.ProxyHeaderMissing => "it sent no PROXY header, and this peer must",
            DetectionViolation.ProxyHeaderMalformed => "its PROXY header is not one, or of a version that is not taken here",
            DetectionViolation.ProxyHeaderTimedOut => "it sent no PROXY header in time",
            DetectionViolation.ClientHelloTimedOut => "its TLS hello was not finished in time",
            _ => "it said nothing in time",
        });
    }

    private static IReadOnlyList<string> ProtocolsOf(in Detected detected) => detected.Kind switch
    {
        DetectedKind.Http1 => ["http/1.1"],
        DetectedKind.Http2 => ["h2c"],
        _ => detected.ApplicationProtocols,
    };

    private static string Describe(in Detected detected) => detected.Kind switch
    {
        DetectedKind.Tls when detected.ServerName is { } name => $"TLS for {name}",
        DetectedKind.Tls => "TLS without a server name",
        DetectedKind.Http1 or DetectedKind.Http2 => "HTTP in the clear",
        _ => "neither TLS nor HTTP",
    };
}
