using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;

namespace Pillion.Load;

/// <summary>Every connection asks again as soon as it was answered.</summary>
internal static class ClosedLoop
{
    public static int Run(Target target, int connections, int seconds) =>
        target.Tls is null ? RunAsync(target, connections, seconds).GetAwaiter().GetResult() : BlockingLoop.Run(target, connections, seconds);

    private static async Task<int> RunAsync(Target target, int connections, int seconds)
    {
        using var end = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        var began = Stopwatch.GetTimestamp();
        var counts = await Task.WhenAll(Enumerable.Range(0, connections).Select(_ => ConnectionAsync(target, end.Token)));
        var requests = counts.Sum(static count => count.Requests);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"requests {requests} errors {counts.Sum(static count => count.Errors)} rps {requests / Stopwatch.GetElapsedTime(began).TotalSeconds:F0}"));
        return 0;
    }

    private static async Task<(long Requests, long Errors)> ConnectionAsync(Target target, CancellationToken end)
    {
        var requests = 0L;
        try
        {
            using var socket = target.Open();
            await socket.ConnectAsync(target.Address, end);
            var reader = new ResponseReader(socket);
            while (true)
            {
                await socket.SendAsync(target.Request, end);
                if (await reader.ReadAsync(end) != 200)
                {
                    return (requests, 1);
                }

                requests++;
            }
        }
        catch (OperationCanceledException)
        {
            return (requests, 0);
        }
        catch (SocketException)
        {
            return (requests, 1);
        }
    }
}
