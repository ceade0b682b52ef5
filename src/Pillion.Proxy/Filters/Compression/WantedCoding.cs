namespace Pillion.Proxy.Filters.Compression;

/// <summary>The coding that a client likes best of those that were offered so far.</summary>
/// <param name="By">Who offers it; null where nobody does.</param>
/// <param name="Encoder">Which of its encoders.</param>
/// <param name="Quality">How much it is liked, in thousandths.</param>
internal readonly record struct WantedCoding(CompressionFilter? By, int Encoder, int Quality);
