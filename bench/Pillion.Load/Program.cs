using System.Globalization;
using Pillion.Load;

// One small program for what the usual load generators do not offer: an open-loop rate, held idle connections, the time to ready, client
// certificates, handshakes, and bytes through a relay.
try
{
    var tls = args is ["--tls", var files, ..] ? new ClientTls(files) : null;
    return (tls is null ? args : args[2..]) switch
    {
        ["serve", var port] => Server.Run(Number(port)),
        ["ready", var target, var path, var seconds, "--", .. var command] => Readiness.Run(Target.Parse(target, path), Number(seconds), command),
        ["wait", var target, var path, var seconds] => Readiness.Wait(Target.Parse(target, path), Number(seconds)),
        ["rate", var target, var path, var rate, var seconds, var connections] =>
            OpenLoop.Run(Target.Parse(target, path), Number(rate), Number(seconds), Number(connections)),
        ["closed", var target, var path, var connections, var seconds] =>
            ClosedLoop.Run(Target.Parse(target, path, tls), Number(connections), Number(seconds)),
        ["idle", var target, var path, var connections] => IdleConnections.Run(Target.Parse(target, path, tls), Number(connections)),
        ["connects", var target, var path, var threads, var seconds] => Handshakes.Run(Target.Parse(target, path, tls), Number(threads), Number(seconds), resume: false),
        ["connects", "--resume", var target, var path, var threads, var seconds] => Handshakes.Run(Target.Parse(target, path, tls), Number(threads), Number(seconds), resume: true),
        ["sink", var port] => Sink.Run(Number(port)),
        ["send", var target, var connections, var seconds] => Sender.Run(Target.Parse(target, "/"), Number(connections), Number(seconds)),
        ["report", var samples, var title, .. var proxies] => Report.Run(samples, title, proxies),
        _ => Usage(),
    };
}
catch (Exception exception) when (exception is IOException or System.Net.Sockets.SocketException or System.ComponentModel.Win32Exception or FormatException)
{
    Console.Error.WriteLine($"load: {exception.Message}");
    return 1;
}

static int Number(string text) => int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);

static int Usage()
{
    Console.Error.WriteLine("""
        load serve PORT                                    an application that answers 100 bytes
        load ready HOST:PORT PATH SECONDS -- COMMAND...    milliseconds from exec to the first 200
        load wait HOST:PORT PATH SECONDS                   until the first 200
        load rate HOST:PORT PATH RPS SECONDS CONNECTIONS   open loop: count, errors, p50, p99, mean in microseconds
        load closed HOST:PORT PATH CONNECTIONS SECONDS     as fast as it goes: requests, errors
        load idle HOST:PORT PATH CONNECTIONS               one request on each, then hold them until standard input ends
        load connects [--resume] HOST:PORT PATH THREADS SECONDS
                                                           a new connection for each request; with TLS, of one session
        load sink PORT                                     swallows bytes and tells at their end how many they were
        load send HOST:PORT CONNECTIONS SECONDS            bytes to a sink, as fast as they are taken
        load report SAMPLES TITLE [PROXY...]               medians, ranges and ratios of a bench/run.sh sample file, as Markdown
        load --tls CA[,CERTIFICATE,KEY] closed|idle|connects ...
                                                           the same through TLS 1.3, with a certificate where one is given
        """);
    return 2;
}
