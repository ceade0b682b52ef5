using System.Runtime.InteropServices;

namespace Pillion.Net.Posix;

/// <summary>
/// The calls that start, watch and signal processes. Assumes Linux or macOS, 64 bits; flag values are equal on both. The opaque structures
/// are given <see cref="OpaqueBytes"/>, above what any libc uses (glibc: 336 for the attributes, 80 for the file actions).
/// </summary>
internal static unsafe partial class SpawnCalls
{
    public const int OpaqueBytes = 1024;

    public const short SetProcessGroup = 0x02;
    public const short SetDefaultSignals = 0x04;
    public const short SetSignalMask = 0x08;

    public const int NoHang = 1;
    public const int OpenReadWrite = 2;

    private const string Library = "libc";

    // These return the error itself and leave errno alone.
    [LibraryImport(Library, EntryPoint = "posix_spawnp")]
    public static partial int Spawn(int* pid, byte* file, void* fileActions, void* attributes, byte** arguments, byte** environment);

    [LibraryImport(Library, EntryPoint = "posix_spawnattr_init")]
    public static partial int InitAttributes(void* attributes);

    [LibraryImport(Library, EntryPoint = "posix_spawnattr_destroy")]
    public static partial int DestroyAttributes(void* attributes);

    [LibraryImport(Library, EntryPoint = "posix_spawnattr_setflags")]
    public static partial int SetFlags(void* attributes, short flags);

    [LibraryImport(Library, EntryPoint = "posix_spawnattr_setpgroup")]
    public static partial int SetGroup(void* attributes, int group);

    [LibraryImport(Library, EntryPoint = "posix_spawnattr_setsigdefault")]
    public static partial int SetDefaults(void* attributes, void* signals);

    [LibraryImport(Library, EntryPoint = "posix_spawnattr_setsigmask")]
    public static partial int SetMask(void* attributes, void* signals);

    [LibraryImport(Library, EntryPoint = "posix_spawn_file_actions_init")]
    public static partial int InitFileActions(void* actions);

    [LibraryImport(Library, EntryPoint = "posix_spawn_file_actions_destroy")]
    public static partial int DestroyFileActions(void* actions);

    [LibraryImport(Library, EntryPoint = "posix_spawn_file_actions_addopen")]
    public static partial int AddOpen(void* actions, int fd, byte* path, int flags, uint mode);

    [LibraryImport(Library, EntryPoint = "posix_spawn_file_actions_adddup2")]
    public static partial int AddDuplicate(void* actions, int fd, int target);

    [LibraryImport(Library, EntryPoint = "memfd_create", SetLastError = true)]
    public static partial int CreateMemoryFile(byte* name, uint flags);

    [LibraryImport(Library, EntryPoint = "sigemptyset")]
    public static partial int EmptySet(void* signals);

    [LibraryImport(Library, EntryPoint = "sigaddset")]
    public static partial int AddToSet(void* signals, int signal);

    [LibraryImport(Library, EntryPoint = "waitpid", SetLastError = true)]
    public static partial int Wait(int pid, int* status, int options);

    [LibraryImport(Library, EntryPoint = "kill", SetLastError = true)]
    public static partial int Kill(int pid, int signal);

    [LibraryImport(Library, EntryPoint = "signal")]
    public static partial nint SetSignalAction(int signal, nint action);

    [LibraryImport(Library, EntryPoint = "getpgrp")]
    public static partial int GetGroup();

    [LibraryImport(Library, EntryPoint = "tcgetpgrp", SetLastError = true)]
    public static partial int GetForegroundGroup(int fd);
}
