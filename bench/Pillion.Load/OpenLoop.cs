using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;

namespace Pillion.Load;

/// <summary>
/// A fixed rate, whatever the answers take. Each connection has its own share of the schedule and blocks in plain system calls, so
/// that no scheduler of ours stands between the clock and the wire.
/// </summary>
internal static class OpenLoop
{
    public static int Run(Target target, int rate, int seconds, int connections)
    {
        var perConnection = rate * seconds / connections;
        var interval = TimeSpan.FromSeconds((double)connections / rate);
        var warmUp = Math.Min(perConnection / 4, rate / connections);
        var latencies = new double[connections][];
        var errors = 0;
        var origin = Stopwatch.GetTimestamp() + (Stopwatch.Frequency / 10);
        var threads = new List<Thread>();
        for (var index = 0; index < connections; index++)
        {
            var share = index;
            var first = origin + (long)(interval.TotalSeconds * Stopwatch.Frequency * share / connections);
            var thread = new Thread(() => latencies[share] = Connection(target, first, interval, warmUp, perConnection, ref errors), 256 * 1024);
            thread.Start();
            threads.Add(thread);
        }

        threads.ForEach(static thread => thread.Join());
        var all = latencies.SelectMany(static one => one).Order().ToArray();
        if (all.Length == 0)
        {
            throw new IOException("no request was answered");
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"count {all.Length} errors {errors} p50 {all[all.Length / 2]:F1} p99 {all[all.Length * 99 / 100]:F1} mean {all.Average():F1}"));
        return 0;
    }

    private static double[] Connection(Target target, long first, TimeSpan interval, int warmUp, int count, ref int errors)
    {
        var latencies = new List<double>(count);
        var step = (long)(interval.TotalSeconds * Stopwatch.Frequency);
        try
        {
            using var socket = target.Open();
            socket.ReceiveTimeout = 10_000;
            socket.Connect(target.Address);
            var reader = new ResponseReader(socket);
            for (var i = 0; i < count + warmUp; i++)
            {
                var due = first + (i * step);
                var wait = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), due);
                if (wait > TimeSpan.Zero)
                {
                    Thread.Sleep(wait);
                }

                // A connection that was still busy when its turn came counts from its turn (no coordinated omission); one that was
                // free counts from the send, so that a late wake-up of this client is not charged to the proxy.
                var start = wait > TimeSpan.Zero ? Stopwatch.GetTimestamp() : due;
                socket.Send(target.Request);
                if (reader.Read() != 200)
                {
                    Interlocked.Increment(ref errors);
                }
                else if (i >= warmUp)
                {
                    latencies.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
                }
            }
        }
        catch (SocketException)
        {
            Interlocked.Increment(ref errors);
        }

        return [.. latencies];
    }
}
