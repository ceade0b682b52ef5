namespace Pillion.Net.Detection;

/// <summary>What is being waited for.</summary>
internal enum DetectionStage : byte
{
    None,
    ProxyHeader,
    FirstByte,

    /// <summary>Some bytes are there, and too few to tell.</summary>
    Protocol,
    ClientHello,
}
