using System.Diagnostics;
using System.Text;

namespace Pillion.EndToEnd.Support;

/// <summary>A child process with what it printed so far. It never outlives its test, nor this process where that can say good-bye.</summary>
internal sealed class Running : IAsyncDisposable
{
    private static readonly HashSet<Running> Alive = [];

    private readonly Process _process;
    private readonly StringBuilder _out = new();
    private readonly StringBuilder _error = new();
    private readonly Task _reading;

    static Running() => AppDomain.CurrentDomain.ProcessExit += (_, _) =>
    {
        lock (Alive)
        {
            foreach (var running in Alive)
            {
                running.KillAll();
            }
        }
    };

    private Running(Process process)
    {
        _process = process;
        Id = process.Id;
        _reading = Task.WhenAll(ReadAsync(process.StandardOutput, _out), ReadAsync(process.StandardError, _error));
    }

    public int Id { get; }

    public bool HasExited => _process.HasExited;

    public string Out => Text(_out);

    public string Error => Text(_error);

    public static Running Start(string program, IEnumerable<string> arguments, string? directory = null, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = directory ?? "",
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };

        // What the person at this machine has set must not change what is tested.
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("PILLION_", StringComparison.Ordinal) || name.EndsWith("_proxy", StringComparison.OrdinalIgnoreCase)).ToList())
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        var process = Process.Start(start)!;
        process.StandardInput.Close();
        var running = new Running(process);
        lock (Alive)
        {
            Alive.Add(running);
        }

        return running;
    }

    /// <summary>Runs a program to its end.</summary>
    public static async Task<Result> ToEndAsync(string program, IEnumerable<string> arguments, string? directory = null, IReadOnlyDictionary<string, string>? environment = null)
    {
        await using var running = Start(program, arguments, directory, environment);
        return await running.EndAsync();
    }

    public void Signal(int signal) => Signals.Send(Id, signal);

    /// <summary>Waits for the end. The output is complete unless a child that lives on still holds it.</summary>
    public async Task<Result> EndAsync(TimeSpan? limit = null)
    {
        using var timeout = new CancellationTokenSource(limit ?? Eventually.Limit);
        try
        {
            await _process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"'{_process.StartInfo.FileName} {string.Join(' ', _process.StartInfo.ArgumentList)}' did not end\n{Out}\n{Error}");
        }

        await Task.WhenAny(_reading, Task.Delay(TimeSpan.FromSeconds(2)));
        return new Result(_process.ExitCode, Out, Error);
    }

    /// <summary>Resident memory in bytes.</summary>
    public long ResidentBytes()
    {
        var line = File.ReadLines($"/proc/{Id}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], System.Globalization.CultureInfo.InvariantCulture) * 1024;
    }

    public async ValueTask DisposeAsync()
    {
        KillAll();
        await Task.WhenAny(_process.WaitForExitAsync(), Task.Delay(TimeSpan.FromSeconds(5)));
        lock (Alive)
        {
            Alive.Remove(this);
        }

        _process.Dispose();
    }

    private void KillAll()
    {
        try
        {
            _process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
        }
    }

    private static async Task ReadAsync(StreamReader reader, StringBuilder into)
    {
        var buffer = new char[4096];
        int read;
        while ((read = await reader.ReadAsync(buffer)) > 0)
        {
            lock (into)
            {
                into.Append(buffer, 0, read);
            }
        }
    }

    private static string Text(StringBuilder builder)
    {
        lock (builder)
        {
            return builder.ToString();
        }
    }
}
