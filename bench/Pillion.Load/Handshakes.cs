using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;

namespace Pillion.Load;

/// <summary>Connections of one request each, so that the handshake is what they cost.</summary>
internal static class Handshakes
{
    /// <param name="resume">Whether each thread's connections resume the session of the one before.</param>
    public static int Run(Target target, int threads, int seconds, bool resume)
    {
        var (connections, resumed, errors) = (0L, 0L, 0L);
        var complaint = "";
        var began = Stopwatch.GetTimestamp();
        var end = began + (seconds * Stopwatch.Frequency);
        var all = Enumerable.Range(0, threads).Select(_ => new Thread(Work, 256 * 1024)).ToList();
        all.ForEach(static thread => thread.Start());
        all.ForEach(static thread => thread.Join());
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"requests {connections} errors {errors} resumed {resumed} rps {connections / Stopwatch.GetElapsedTime(began).TotalSeconds:F0} {complaint}"));
        return 0;

        void Work()
        {
            TlsSession? session = null;
            while (Stopwatch.GetTimestamp() < end)
            {
                try
                {
                    using var wire = Wire.Connect(target, session);
                    wire.Send(target.Request);
                    if (new ResponseReader(wire).Read() != 200)
                    {
                        throw new IOException("not answered with 200");
                    }

                    Interlocked.Increment(ref connections);
                    if (wire.Tls is { } tls)
                    {
                        if (tls.IsResumed)
                        {
                            Interlocked.Increment(ref resumed);
                        }

                        if (resume)
                        {
                            session?.Dispose();
                            session = tls.Session();
                        }

                        tls.Shutdown();
                    }
                }
                catch (Exception exception) when (exception is IOException or SocketException)
                {
                    complaint = exception.Message;
                    Interlocked.Increment(ref errors);
                }
            }

            session?.Dispose();
        }
    }
}
