using System.Runtime.Versioning;
using Pillion.Net.Posix;

namespace Pillion.Capture;

/// <summary>What a program printed and ended with.</summary>
internal readonly record struct ProgramResult(int Code, string Output, string Error)
{
    public bool IsOk => Code == 0;

    /// <summary>The first line that says something, without the program's own name for the place.</summary>
    public string FirstError => Error.Split('\n').Select(line => line.Trim()).FirstOrDefault(line => line.Length > 0) ?? $"exit code {Code}";
}

/// <summary>Runs the programs that change the packet filter: text in, text out.</summary>
[SupportedOSPlatform("linux")]
internal sealed class RuleProgram(ChildProcesses processes)
{
    private const int MostOutput = 1 << 20;

    // Where these programs are; the PATH of an ordinary user leaves such folders out.
    private static readonly string[] SystemFolders = ["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/local/bin", "/usr/bin", "/bin"];

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>The program's path; null where it is not installed.</summary>
    public static string? Find(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Concat(SystemFolders)
            .Select(folder => Path.Combine(folder, name))
            .FirstOrDefault(File.Exists);

    public async Task<ProgramResult> RunAsync(string name, IEnumerable<string> arguments, string input, CancellationToken cancellationToken)
    {
        if (Find(name) is not { } path)
        {
            return new ProgramResult(127, "", $"{name} is not installed");
        }

        using var given = new MemoryFile(input);
        using var output = new MemoryFile();
        using var error = new MemoryFile();
        var started = processes.Start(new SpawnOptions { Command = [path, .. arguments], OwnGroup = true, Input = given, Output = output, Error = error });
        if (started.Child is not { } child)
        {
            return new ProgramResult(126, "", $"{path} cannot be started (error {started.Error})");
        }

        try
        {
            var status = await child.Exited.WaitAsync(Patience, cancellationToken).ConfigureAwait(false);
            return new ProgramResult(status.Code, output.Read(MostOutput), error.Read(MostOutput));
        }
        catch (TimeoutException)
        {
            return new ProgramResult(124, "", $"{name} did not end within {Patience.TotalSeconds:0} s");
        }
        finally
        {
            child.Kill();
        }
    }
}
