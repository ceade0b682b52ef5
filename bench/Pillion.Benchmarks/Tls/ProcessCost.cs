using System.Runtime.InteropServices;

namespace Pillion.Benchmarks.Tls;

/// <summary>Processor time and memory of the process.</summary>
internal static partial class ProcessCost
{
    private const int ProcessClock = 2;
    private const int ThreadClock = 3;

    /// <summary>What the process has used so far without the calling thread.</summary>
    public static double MicrosOfOthers => Micros(ProcessClock) - Micros(ThreadClock);

    public static long ResidentBytes => long.Parse(File.ReadAllText("/proc/self/statm").Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture) * Environment.SystemPageSize;

    /// <summary>Bytes that malloc has lent out: unlike what is resident, without the holes between.</summary>
    public static long NativeBytes
    {
        get
        {
            var usage = GetUsage();
            return (long)(usage.Lent + usage.Mapped);
        }
    }

    private static double Micros(int clock) =>
        GetTime(clock, out var time) == 0 ? (time.Seconds * 1e6) + (time.Nanos / 1e3) : throw new InvalidOperationException("no clock");

    [DllImport("libc", EntryPoint = "clock_gettime")]
    private static extern int GetTime(int clock, out Time time);

    [DllImport("libc", EntryPoint = "mallinfo2")]
    private static extern Usage GetUsage();

    // struct mallinfo2: arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks, keepcost.
    [StructLayout(LayoutKind.Explicit, Size = 80)]
    private struct Usage
    {
        [FieldOffset(32)]
        public nuint Mapped;

        [FieldOffset(56)]
        public nuint Lent;
    }

    private struct Time
    {
        public long Seconds;
        public long Nanos;
    }
}
