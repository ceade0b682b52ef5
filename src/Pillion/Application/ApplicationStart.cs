using System.Runtime.Versioning;

namespace Pillion.Application;

/// <summary>The started application, or one line on why there is none and the exit code that says so.</summary>
[UnsupportedOSPlatform("windows")]
internal readonly record struct ApplicationStart(OwnApplication? Application, string Mistake, int ExitCode);
