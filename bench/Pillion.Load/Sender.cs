using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;

namespace Pillion.Load;

/// <summary>Pushes bytes as fast as they are taken, and counts only those that the sink says arrived.</summary>
internal static class Sender
{
    public static int Run(Target target, int connections, int seconds)
    {
        var (arrived, errors) = (0L, 0L);
        var began = Stopwatch.GetTimestamp();
        var end = began + (seconds * Stopwatch.Frequency);
        var threads = Enumerable.Range(0, connections).Select(_ => new Thread(Push, 256 * 1024)).ToList();
        threads.ForEach(static thread => thread.Start());
        threads.ForEach(static thread => thread.Join());
        var elapsed = Stopwatch.GetElapsedTime(began).TotalSeconds;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"bytes {arrived} errors {errors} MB/s {arrived / elapsed / 1e6:F0}"));
        return errors == 0 ? 0 : 1;

        void Push()
        {
            var block = new byte[64 * 1024];
            Random.Shared.NextBytes(block);
            var sent = 0L;
            try
            {
                using var wire = Wire.Connect(target);
                while (Stopwatch.GetTimestamp() < end)
                {
                    wire.Send(block);
                    sent += block.Length;
                }

                // The half-close must get through, and the count must come back the other way.
                wire.Socket.Shutdown(SocketShutdown.Send);
                var count = new byte[sizeof(long)];
                for (var read = 0; read < count.Length;)
                {
                    read += wire.Receive(count.AsSpan(read)) is var part and > 0 ? part : throw new IOException("no count came back");
                }

                var received = BinaryPrimitives.ReadInt64LittleEndian(count);
                Interlocked.Add(ref arrived, received);
                if (received != sent)
                {
                    throw new IOException(string.Create(CultureInfo.InvariantCulture, $"sent {sent}, arrived {received}"));
                }
            }
            catch (Exception exception) when (exception is IOException or SocketException)
            {
                Console.Error.WriteLine($"load: {exception.Message}");
                Interlocked.Increment(ref errors);
            }
        }
    }
}
