using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;

namespace Pillion.Load;

/// <summary>The closed loop through TLS: a thread per connection that blocks in the library, nothing between it and the wire.</summary>
internal static class BlockingLoop
{
    public static int Run(Target target, int connections, int seconds)
    {
        var (requests, errors) = (0L, 0L);
        var connected = new CountdownEvent(connections);
        var go = new ManualResetEventSlim();
        var end = 0L;
        var threads = Enumerable.Range(0, connections).Select(_ => new Thread(Connection, 256 * 1024)).ToList();
        threads.ForEach(static thread => thread.Start());
        connected.Wait();
        var began = Stopwatch.GetTimestamp();
        end = began + (seconds * Stopwatch.Frequency);
        go.Set();
        threads.ForEach(static thread => thread.Join());
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"requests {requests} errors {errors} rps {requests / Stopwatch.GetElapsedTime(began).TotalSeconds:F0}"));
        return 0;

        void Connection()
        {
            var done = 0L;
            Wire? wire = null;
            try
            {
                wire = Wire.Connect(target);
            }
            catch (Exception exception) when (exception is IOException or SocketException)
            {
                Interlocked.Increment(ref errors);
            }

            connected.Signal();
            go.Wait();
            try
            {
                for (var reader = wire is null ? null : new ResponseReader(wire); reader is not null && Stopwatch.GetTimestamp() < Volatile.Read(ref end); done++)
                {
                    wire!.Send(target.Request);
                    if (reader.Read() != 200)
                    {
                        throw new IOException("not answered with 200");
                    }
                }
            }
            catch (Exception exception) when (exception is IOException or SocketException)
            {
                Interlocked.Increment(ref errors);
            }

            wire?.Dispose();
            Interlocked.Add(ref requests, done);
        }
    }
}
