using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;

namespace Pillion.Load;

/// <summary>From just before exec to the first 200, asked every half millisecond on a fresh connection.</summary>
internal static class Readiness
{
    public static int Run(Target target, int seconds, string[] command)
    {
        // The first Process.Start compiles much of the runtime's code; that time is not the program's.
        using (var warm = Process.Start(new ProcessStartInfo("/bin/true")))
        {
            warm!.WaitForExit();
        }

        Answers(target);
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true };
        var began = Stopwatch.GetTimestamp();
        using var process = Process.Start(start)!;
        var complaint = "";
        process.ErrorDataReceived += (_, line) => complaint = line.Data ?? complaint;
        var ready = false;
        while (!ready && Stopwatch.GetElapsedTime(began).TotalSeconds < seconds && !process.HasExited)
        {
            ready = Answers(target);
            if (!ready)
            {
                Thread.Sleep(TimeSpan.FromMicroseconds(500));
            }
        }

        var elapsed = Stopwatch.GetElapsedTime(began);
        if (!ready)
        {
            process.BeginErrorReadLine();
            Thread.Sleep(100);
        }

        if (!process.HasExited)
        {
            using var kill = Process.Start("kill", ["-TERM", process.Id.ToString(CultureInfo.InvariantCulture)]);
            kill.WaitForExit();
            if (!process.WaitForExit(5000))
            {
                process.Kill(entireProcessTree: true);
            }
        }

        if (!ready)
        {
            Console.Error.WriteLine($"load: '{command[0]}' never became ready: {complaint}");
            return 1;
        }

        Console.WriteLine(elapsed.TotalMilliseconds.ToString("F1", CultureInfo.InvariantCulture));
        return 0;
    }

    public static int Wait(Target target, int seconds)
    {
        var began = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(began).TotalSeconds < seconds)
        {
            if (Answers(target))
            {
                return 0;
            }

            Thread.Sleep(20);
        }

        Console.Error.WriteLine($"load: nothing answers with 200 on {target.Address}");
        return 1;
    }

    private static bool Answers(Target target)
    {
        using var socket = target.Open();
        socket.ReceiveTimeout = 1000;
        try
        {
            socket.Connect(target.Address);
            socket.Send(target.Request);
            return new ResponseReader(socket).Read() == 200;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
