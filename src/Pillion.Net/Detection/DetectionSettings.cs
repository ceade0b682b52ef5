namespace Pillion.Net.Detection;

/// <summary>What is looked for in the first bytes of a connection, and how long they are waited for.</summary>
internal sealed record DetectionSettings
{
    /// <summary>Set only for peers whose address is configured to send one; see <see cref="ProxyHeader"/>.</summary>
    public ProxyHeaderUse ProxyHeader { get; init; }

    /// <summary>A PROXY header in text is taken.</summary>
    public bool AllowVersion1 { get; init; } = true;

    /// <summary>A binary PROXY header is taken.</summary>
    public bool AllowVersion2 { get; init; } = true;

    /// <summary>The protocol is to be told by the first bytes; otherwise only the PROXY header is read, and the kind is <see cref="DetectedKind.Undetected"/>.</summary>
    public bool Protocol { get; init; } = true;

    /// <summary>Of a TLS connection the whole hello is waited for, to know its server name and protocols.</summary>
    public bool ReadClientHello { get; init; } = true;

    /// <summary>How long a client may say nothing before it counts as one that waits for the server to speak first.</summary>
    public TimeSpan SilenceTimeout { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>As <see cref="SilenceTimeout"/> where the server spoke first not long ago: enough for the bytes of a client that does not wait for it.</summary>
    public TimeSpan RememberedTimeout { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <summary>How long a PROXY header may take; §2 of the protocol asks for three seconds at least, a lost packet's time.</summary>
    public TimeSpan ProxyHeaderTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a hello that has begun may take.</summary>
    public TimeSpan ClientHelloTimeout { get; init; } = TimeSpan.FromSeconds(10);
}
