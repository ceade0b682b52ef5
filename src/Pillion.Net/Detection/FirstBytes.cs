using Pillion.Net.Memory;
using Pillion.Net.Sockets;

namespace Pillion.Net.Detection;

/// <summary>The state of one detection: which stage the bytes so far have reached, and what each stage's end means.</summary>
internal struct FirstBytes(DetectionSettings settings)
{
    private ProxyHeader? _header;
    private ClientHello? _hello;

    /// <summary>The stage that the present time limit was set for.</summary>
    public DetectionStage StageOfLimit { get; set; }

    public DetectionStage Stage { get; private set; } =
        settings.ProxyHeader != ProxyHeaderUse.None ? DetectionStage.ProxyHeader : DetectionStage.FirstByte;

    /// <summary>The server is known to speak first.</summary>
    public bool IsRemembered { get; set; }

    /// <summary>How long the present stage may take.</summary>
    public readonly TimeSpan Timeout => Stage switch
    {
        // An optional header is waited for like any first byte: a client that waits for the server sends none.
        DetectionStage.ProxyHeader when settings.ProxyHeader == ProxyHeaderUse.Required => settings.ProxyHeaderTimeout,
        DetectionStage.FirstByte when IsRemembered => settings.RememberedTimeout,
        DetectionStage.ClientHello => settings.ClientHelloTimeout,
        // Silence may last; a first byte that nothing follows keeps a buffer.
        DetectionStage.Protocol when settings.SilenceTimeout <= TimeSpan.Zero => settings.ClientHelloTimeout,
        _ => settings.SilenceTimeout,
    };

    /// <summary>Takes the bytes so far as far as they go; false when more are needed.</summary>
    public bool TryDecide(ref Slab? slab, Connection connection, out Detected detected)
    {
        detected = default;
        var bytes = slab is null ? default : slab.Filled;
        if (Stage == DetectionStage.ProxyHeader)
        {
            var violation = ReadProxyHeader(bytes, connection, out var consumed);
            if (violation != DetectionViolation.None)
            {
                detected = Refuse(violation, ref slab, connection);
                return true;
            }

            if (Stage == DetectionStage.ProxyHeader)
            {
                return false;
            }

            slab!.Consume(consumed);
            bytes = slab.Filled;
            if (slab.IsEmpty)
            {
                connection.Loop.Slabs.Return(slab);
                slab = null;
            }
        }

        if (!settings.Protocol)
        {
            detected = Give(DetectedKind.Undetected, ref slab, connection);
            return true;
        }

        if (bytes.IsEmpty)
        {
            return false;
        }

        var kind = Look(bytes);
        if (kind is null)
        {
            return false;
        }

        detected = Give(kind.Value, ref slab, connection);
        return true;
    }

    /// <summary>What it came to when no more bytes arrived: the time is up, the peer has closed, or the connection failed.</summary>
    public readonly Detected Conclude(IoResult result, ref Slab? slab, Connection connection)
    {
        var isOver = result.Error == IoError.TimedOut;
        if (!isOver && !result.IsOk)
        {
            Drop(ref slab, connection);
            return new Detected(DetectedKind.Ended) { Error = result.Error, ProxyHeader = _header };
        }

        var hasBytes = slab is { IsEmpty: false };
        if (Stage == DetectionStage.ProxyHeader && settings.ProxyHeader == ProxyHeaderUse.Required)
        {
            // A peer that connects and leaves is a port check: nothing was broken.
            return
                isOver ? Refuse(DetectionViolation.ProxyHeaderTimedOut, ref slab, connection) :
                hasBytes ? Refuse(DetectionViolation.ProxyHeaderMalformed, ref slab, connection) :
                Give(DetectedKind.Ended, ref slab, connection);
        }

        if (Stage == DetectionStage.ClientHello && isOver)
        {
            return Refuse(DetectionViolation.ClientHelloTimedOut, ref slab, connection);
        }

        // A client that has said part of something and waits, or has said all it will, is passed on with what it said.
        var kind = hasBytes ? (settings.Protocol ? DetectedKind.Opaque : DetectedKind.Undetected) : isOver ? DetectedKind.Silent : DetectedKind.Ended;
        return Give(kind, ref slab, connection);
    }

    /// <summary>The answer, with the bytes put back.</summary>
    public readonly Detected Give(DetectedKind kind, ref Slab? slab, Connection connection)
    {
        var seen = slab?.Length ?? 0;
        if (slab is not null)
        {
            connection.PutBack(slab);
            slab = null;
        }

        return new Detected(kind) { Hello = _hello, ProxyHeader = _header, BytesSeen = seen };
    }

    private DetectionViolation ReadProxyHeader(ReadOnlySpan<byte> bytes, Connection connection, out int consumed)
    {
        var isRequired = settings.ProxyHeader == ProxyHeaderUse.Required;
        switch (ProxyHeaderReader.TryRead(bytes, out _header, out consumed))
        {
            case Recognition.NeedMore:
                return DetectionViolation.None;
            case Recognition.No when isRequired:
                return DetectionViolation.ProxyHeaderMissing;
            case Recognition.Malformed:
                return DetectionViolation.ProxyHeaderMalformed;
        }

        if (_header is { Version: var version } && !(version == 1 ? settings.AllowVersion1 : settings.AllowVersion2))
        {
            return DetectionViolation.ProxyHeaderMalformed;
        }

        if (_header is { IsLocal: false } header)
        {
            connection.SetAddresses(header.Source, header.Destination);
        }

        Stage = DetectionStage.FirstByte;
        return DetectionViolation.None;
    }

    // Null: more bytes are needed.
    private DetectedKind? Look(ReadOnlySpan<byte> bytes)
    {
        switch (ProtocolSniffer.Look(bytes))
        {
            case ProtocolKind.NeedMore:
                Stage = DetectionStage.Protocol;
                return null;
            case ProtocolKind.Http1:
                return DetectedKind.Http1;
            case ProtocolKind.Http2:
                return DetectedKind.Http2;
            case ProtocolKind.Tls when !settings.ReadClientHello:
                return DetectedKind.Tls;
            case ProtocolKind.Tls:
                Stage = DetectionStage.ClientHello;
                return ClientHello.TryRead(bytes, out _hello) switch
                {
                    Recognition.Yes => DetectedKind.Tls,
                    Recognition.NeedMore => null,
                    _ => DetectedKind.Opaque,
                };
            default:
                return DetectedKind.Opaque;
        }
    }

    private readonly Detected Refuse(DetectionViolation violation, ref Slab? slab, Connection connection)
    {
        Drop(ref slab, connection);
        return new Detected(DetectedKind.Violation) { Violation = violation, ProxyHeader = _header };
    }

    private static void Drop(ref Slab? slab, Connection connection)
    {
        if (slab is not null)
        {
            connection.Loop.Slabs.Return(slab);
            slab = null;
        }
    }
}
