using System.Globalization;
using Pillion.Load;

// One small program for what the usual load generators do not offer: an open-loop rate, held idle connections, the time to ready.
try
{
    return args switch
    {
        ["serve", var port] => Server.Run(Number(port)),
        ["ready", var target, var path, var seconds, "--", .. var command] => Readiness.Run(Target.Parse(target, path), Number(seconds), command),
        ["wait", var target, var path, var seconds] => Readiness.Wait(Target.Parse(target, path), Number(seconds)),
        ["rate", var target, var path, var rate, var seconds, var connections] =>
            OpenLoop.Run(Target.Parse(target, path), Number(rate), Number(seconds), Number(connections)),
        ["closed", var target, var path, var connections, var seconds] =>
            ClosedLoop.Run(Target.Parse(target, path), Number(connections), Number(seconds)),
        ["idle", var target, var path, var connections] => IdleConnections.Run(Target.Parse(target, path), Number(connections)),
        ["report", var samples, var title] => Report.Run(samples, title),
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
        load report SAMPLES TITLE                          medians, ranges and ratios of a bench/run.sh sample file, as Markdown
        """);
    return 2;
}
