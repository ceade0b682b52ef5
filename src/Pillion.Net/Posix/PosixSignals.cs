namespace Pillion.Net.Posix;

/// <summary>Signal numbers. Those above 9 are Linux's (x64 and arm64 alike); macOS differs in SIGUSR1, SIGUSR2 and SIGCHLD.</summary>
internal static class PosixSignals
{
    public const int Hangup = 1;
    public const int Interrupt = 2;
    public const int Quit = 3;
    public const int Kill = 9;
    public const int Pipe = 13;
    public const int Terminate = 15;
    public const int WindowChanged = 28;

    public const nint DefaultAction = 0;

    public static int ChildChanged { get; } = OperatingSystem.IsMacOS() ? 20 : 17;

    public static int User1 { get; } = OperatingSystem.IsMacOS() ? 30 : 10;

    public static int User2 { get; } = OperatingSystem.IsMacOS() ? 31 : 12;

    public static string Name(int signal) => signal switch
    {
        Hangup => "SIGHUP",
        Interrupt => "SIGINT",
        Quit => "SIGQUIT",
        4 => "SIGILL",
        6 => "SIGABRT",
        8 => "SIGFPE",
        Kill => "SIGKILL",
        11 => "SIGSEGV",
        Pipe => "SIGPIPE",
        14 => "SIGALRM",
        Terminate => "SIGTERM",
        WindowChanged => "SIGWINCH",
        _ when signal == User1 => "SIGUSR1",
        _ when signal == User2 => "SIGUSR2",
        _ => $"signal {signal}",
    };
}
