using System.Collections.Concurrent;
using System.Net;
using System.Net.WebSockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Pillion.EndToEnd.Support;

/// <summary>
/// An application on Kestrel, which speaks what <see cref="TestApp"/> does not: HTTP/2 with prior knowledge, HTTP/2 over TLS, trailers, WebSocket over HTTP/2, gRPC.
/// </summary>
internal sealed class KestrelApp : IAsyncDisposable
{
    private readonly ConcurrentBag<string> _seen = [];
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly WebApplication _app;
    private int _held;
    private int _aborted;
    private long _sent;

    private KestrelApp(WebApplication app, int plain, int http2, int? tls)
    {
        _app = app;
        Plain = plain;
        Http2 = http2;
        TlsPort = tls ?? 0;
    }

    /// <summary>HTTP/1.1 without TLS.</summary>
    public int Plain { get; }

    /// <summary>HTTP/2 with prior knowledge.</summary>
    public int Http2 { get; }

    /// <summary>Both, by ALPN, where a certificate was given.</summary>
    public int TlsPort { get; }

    /// <summary>"METHOD TARGET" of every request so far.</summary>
    public IReadOnlyCollection<string> Seen => _seen;

    /// <summary>Requests to /hold that wait for <see cref="Release"/>.</summary>
    public int Held => Volatile.Read(ref _held);

    /// <summary>Requests whose client had gone before the answer was through.</summary>
    public int Aborted => Volatile.Read(ref _aborted);

    /// <summary>Bytes of /bytes/N that Kestrel took so far.</summary>
    public long Sent => Interlocked.Read(ref _sent);

    public void Release() => _released.TrySetResult();

    /// <param name="own">The certificate of the TLS port.</param>
    /// <param name="trusted">Where set, that port asks for a client certificate of this authority.</param>
    public static async Task<KestrelApp> StartAsync(
        Credential? own = null, CertificateAuthority? trusted = null, Action<IServiceCollection>? services = null, Action<WebApplication>? map = null)
    {
        var (plain, http2, tls) = (Ports.Next(), Ports.Next(), Ports.Next());
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        services?.Invoke(builder.Services);
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(options =>
        {
            options.Limits.MaxRequestBodySize = null;
            options.Limits.MinRequestBodyDataRate = null;
            options.Limits.MinResponseDataRate = null;
            options.Listen(IPAddress.Loopback, plain, static listen => listen.Protocols = HttpProtocols.Http1);
            options.Listen(IPAddress.Loopback, http2, static listen => listen.Protocols = HttpProtocols.Http2);
            if (own is not null)
            {
                options.Listen(IPAddress.Loopback, tls, listen =>
                {
                    listen.Protocols = HttpProtocols.Http1AndHttp2;
                    listen.UseHttps(https =>
                    {
                        https.ServerCertificate = own.Certificate;
                        https.SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13;
                        if (trusted is not null)
                        {
                            https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
                            https.ClientCertificateValidation = (certificate, chain, _) =>
                            {
                                chain!.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
                                chain.ChainPolicy.CustomTrustStore.Add(trusted.Certificate);
                                chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
                                return chain.Build(certificate);
                            };
                        }
                    });
                });
            }
        });
        var web = builder.Build();
        var app = new KestrelApp(web, plain, http2, own is null ? null : tls);
        web.UseWebSockets();
        map?.Invoke(web);
        web.MapFallback((RequestDelegate)app.AnswerAsync);
        await web.StartAsync();
        return app;
    }

    public async ValueTask DisposeAsync()
    {
        _released.TrySetResult();

        // Connections that a proxy keeps would be waited for.
        using var now = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        try
        {
            await _app.StopAsync(now.Token);
        }
        catch (OperationCanceledException)
        {
        }

        await _app.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var (request, response) = (context.Request, context.Response);
        _seen.Add($"{request.Method} {request.Path}{request.QueryString}");
        try
        {
            await ActAsync(context, request, response);
        }
        finally
        {
            if (context.RequestAborted.IsCancellationRequested || context.Items.ContainsKey(nameof(Aborted)))
            {
                Interlocked.Increment(ref _aborted);
            }
        }
    }

    private async Task ActAsync(HttpContext context, HttpRequest request, HttpResponse response)
    {
        var parts = request.Path.Value!.Split('/', StringSplitOptions.RemoveEmptyEntries);
        switch (parts.FirstOrDefault())
        {
            case "head":
                // The message as it arrived, one field a line.
                await response.WriteAsync($"{request.Protocol} {request.Method} {request.Scheme} {request.Host} {request.Path}{request.QueryString}\n"
                    + string.Join('\n', request.Headers.SelectMany(static header => header.Value.Select(value => $"{header.Key.ToLowerInvariant()}: {value}"))));
                break;
            case "echo":
                // All of it first: a client that sends before it reads would otherwise wait for itself.
                using (var whole = new MemoryStream())
                {
                    await request.Body.CopyToAsync(whole, context.RequestAborted);
                    whole.Position = 0;
                    await whole.CopyToAsync(response.Body, context.RequestAborted);
                }

                break;
            case "parrot":
                // As it comes, for clients that do both at once.
                await request.Body.CopyToAsync(response.Body, context.RequestAborted);
                break;
            case "count":
                await response.WriteAsync($"{await CountAsync(request.Body, context.RequestAborted)}");
                break;
            case "status":
                response.StatusCode = int.Parse(parts[1], null);
                if (response.StatusCode is not (204 or 304))
                {
                    await response.WriteAsync($"status {parts[1]}");
                }

                break;
            case "bytes":
                await SendBytesAsync(response, long.Parse(parts[1], null), context.RequestAborted);
                break;
            case "trailers":
                var body = await CountAsync(request.Body, context.RequestAborted);
                response.DeclareTrailer("x-count");
                var trailers = request.CheckTrailersAvailable() ? context.Features.Get<IHttpRequestTrailersFeature>()!.Trailers : new HeaderDictionary();
                await response.WriteAsync($"{body} bytes; {string.Join(", ", trailers.Select(static one => $"{one.Key.ToLowerInvariant()}={one.Value}"))}");
                response.AppendTrailer("x-count", $"{body}");
                break;
            case "hold":
                Interlocked.Increment(ref _held);
                await _released.Task.WaitAsync(context.RequestAborted);
                await response.WriteAsync("released");
                break;
            case "never":
                await Task.Delay(Timeout.Infinite, context.RequestAborted);
                break;
            case "reset":
                await response.WriteAsync("only this");
                await response.Body.FlushAsync();
                context.Abort();
                break;
            case "cookies":
                response.Headers.SetCookie = new Microsoft.Extensions.Primitives.StringValues(["a=1", "b=2"]);
                await response.WriteAsync(request.Headers.Cookie.ToString());
                break;
            case "ws":
                using (var socket = await context.WebSockets.AcceptWebSocketAsync())
                {
                    await EchoAsync(socket);
                }

                break;
            default:
                await response.WriteAsync($"{request.Protocol} {request.Method} {request.Path}{request.QueryString}");
                break;
        }
    }

    private static async Task<long> CountAsync(Stream body, CancellationToken cancellationToken)
    {
        var buffer = new byte[64 * 1024];
        var count = 0L;
        while (await body.ReadAsync(buffer, cancellationToken) is var read and > 0)
        {
            count += read;
        }

        return count;
    }

    private async Task SendBytesAsync(HttpResponse response, long count, CancellationToken cancellationToken)
    {
        var piece = new byte[64 * 1024];
        piece.AsSpan().Fill((byte)'x');
        response.ContentLength = count;
        for (var left = count; left > 0;)
        {
            var size = (int)Math.Min(left, piece.Length);
            if ((await response.BodyWriter.WriteAsync(piece.AsMemory(0, size), cancellationToken)).IsCompleted)
            {
                // Where the connection is gone Kestrel takes everything and sends nothing, some time before it says so.
                response.HttpContext.Items[nameof(Aborted)] = true;
                return;
            }

            Interlocked.Add(ref _sent, size);
            left -= size;
        }
    }

    private static async Task EchoAsync(WebSocket socket)
    {
        var buffer = new byte[64 * 1024];
        while (await socket.ReceiveAsync(buffer, CancellationToken.None) is { MessageType: not WebSocketMessageType.Close } received)
        {
            await socket.SendAsync(buffer.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, CancellationToken.None);
        }

        await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", CancellationToken.None);
    }
}
