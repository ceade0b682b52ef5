namespace Pillion.Core.Signals.Logging;

/// <summary>How Pillion's own log lines look.</summary>
internal enum LogLayout : byte
{
    Text,
    Json,
}
