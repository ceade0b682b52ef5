using Pillion.Net.Memory;

namespace Pillion.Net.Tls.OpenSsl;

/// <summary>How far a call into OpenSSL came.</summary>
internal enum SslStatus : byte
{
    Done,

    /// <summary>Nothing more can be done before more has arrived.</summary>
    NeedsInput,

    /// <summary>The peer said, by close_notify, that it will send no more.</summary>
    Ended,

    /// <summary>The connection is broken for TLS; <see cref="SslEngine.Error"/> says why.</summary>
    Failed,
}

/// <summary>
/// One SSL object between two slabs: what has arrived goes in, what is to be sent comes out. Nothing here waits, and between the calls no
/// slab is held but for bytes that nobody has taken yet.
/// </summary>
internal sealed unsafe class SslEngine
{
    // RFC 8446 §5.1: a record's plaintext is 2^14 bytes at most.
    private const int MaxRecord = 16 * 1024;

    // A first guess for every suite: header, explicit nonce or IV, tag or MAC with padding. Learnt exactly after the handshake.
    private const int MaxOverhead = 128;

    // A flight of the handshake with long chains fits; what grows beyond is a peer that makes us answer and does not read.
    private const int MaxOutput = 256 * 1024;

    // The first reads of a connection: a server of TLS 1.3 sends its tickets before or with its first bytes.
    private const int ReadsWithTickets = 4;

    [ThreadStatic]
    private static SslEngine? t_current;

    private readonly SlabPool _slabs;
    private readonly nint _bio;
    private nint _ssl;
    private Slab? _input;
    private Slab? _output;
    private bool _wantedInput;
    private SslStatus _sticky;
    private int _overhead = MaxOverhead;
    private int _trims;

    private SslEngine(nint ssl, nint bio, SlabPool slabs)
    {
        _ssl = ssl;
        _bio = bio;
        _slabs = slabs;
    }

    /// <summary>The engine whose call into OpenSSL this thread is in.</summary>
    public static SslEngine Current => t_current!;

    public nint Ssl => _ssl;

    /// <summary>Meaningful during the handshake: what it is about and what it found.</summary>
    public Negotiation? Negotiation { get; set; }

    /// <summary>Where a client keeps the sessions that its server gives it.</summary>
    public SessionSlot? Sessions { get; init; }

    /// <summary>Why the status is <see cref="SslStatus.Failed"/>.</summary>
    public OpenSslError Error { get; private set; }

    /// <summary>Bytes have arrived that OpenSSL has not looked at, or it found the end behind the last ones.</summary>
    public bool HasNews => _input is not null || _sticky != SslStatus.Done;

    public bool HasOutput => _output is not null;

    /// <summary>Bytes of the peer's stream lie decrypted.</summary>
    public bool HasPlaintext => LibSsl.Pending(_ssl) > 0;

    public static SslEngine? Create(nint context, bool isServer, SlabPool slabs, SessionSlot? sessions = null)
    {
        var ssl = LibSsl.New(context);
        if (ssl == 0)
        {
            return null;
        }

        var bio = CipherBio.New();
        if (bio == 0)
        {
            LibSsl.Free(ssl);
            return null;
        }

        LibSsl.SetBio(ssl, bio, bio);
        if (isServer)
        {
            LibSsl.SetAccept(ssl);
        }
        else
        {
            LibSsl.SetConnect(ssl);
        }

        return new SslEngine(ssl, bio, slabs) { Sessions = sessions };
    }

    /// <summary>Takes over a slab of bytes that arrived.</summary>
    public void Feed(Slab slab)
    {
        if (_input is null)
        {
            _input = slab;
            return;
        }

        // Only where the caller had not emptied it before; keeps the order.
        if (!_input.TryAppend(slab.Filled))
        {
            _input = _slabs.Grow(_input, _input.Length + slab.Length);
            _input.TryAppend(slab.Filled);
        }

        _slabs.Return(slab);
    }

    /// <summary>The bytes to send, which are the caller's from here on; null when there are none.</summary>
    public Slab? TakeOutput()
    {
        var slab = _output;
        _output = null;
        return slab;
    }

    /// <summary>Takes back what could not be sent, to go before anything else.</summary>
    public void PutBackOutput(Slab slab)
    {
        if (slab.IsEmpty)
        {
            _slabs.Return(slab);
            return;
        }

        var later = _output;
        _output = slab;
        if (later is not null)
        {
            AppendOutput(later.Filled);
            _slabs.Return(later);
        }
    }

    public SslStatus Handshake()
    {
        if (_sticky != SslStatus.Done)
        {
            return _sticky;
        }

        Enter();
        var result = LibSsl.Handshake(_ssl);
        return result == 1 ? SslStatus.Done : Classify(result);
    }

    /// <summary>Asks the server to be the one of this name (SNI); the bytes end in a zero.</summary>
    public void AskFor(ReadOnlySpan<byte> name)
    {
        fixed (byte* bytes = name)
        {
            LibSsl.Control(_ssl, LibSsl.ControlSetHostName, 0, bytes);
        }
    }

    /// <summary>The handshake is over: records have a known size now, and what only it needed is let go. What came with its last bytes is looked at.</summary>
    public void Establish(int overhead)
    {
        _overhead = overhead;
        _trims = ReadsWithTickets;
        Negotiation = null;
        if (HasNews)
        {
            Look();
        }
    }

    /// <summary>Decrypts into the free part of a slab as much as has arrived and fits. With Done, at least one byte was added.</summary>
    public SslStatus Read(Slab plain)
    {
        var total = 0;
        while (_sticky == SslStatus.Done)
        {
            var free = plain.Free;
            if (free.IsEmpty || (total > 0 && _input is null && !HasPlaintext))
            {
                Trim();
                return SslStatus.Done;
            }

            int count;
            Enter();
            fixed (byte* pointer = free)
            {
                count = LibSsl.Read(_ssl, pointer, free.Length);
            }

            if (count <= 0)
            {
                var status = Classify(count);
                Trim();
                return total > 0 ? SslStatus.Done : status;
            }

            plain.Advance(count);
            total += count;
        }

        return _sticky;
    }

    /// <summary>Handles what has arrived up to the first byte of the peer's stream, which stays to be read: Done means that there is one.</summary>
    public SslStatus Look()
    {
        if (_sticky != SslStatus.Done)
        {
            return _sticky;
        }

        if (HasPlaintext)
        {
            return SslStatus.Done;
        }

        byte first;
        Enter();
        var count = LibSsl.Peek(_ssl, &first, 1);
        if (count > 0)
        {
            return SslStatus.Done;
        }

        var status = Classify(count);
        Trim();
        return status;
    }

    /// <summary>
    /// Encrypts and consumes bytes of a slab, as many as fit into one slab of output; the rest when that was sent. False: this side can send no more.
    /// </summary>
    public bool Write(Slab plain, ref int left)
    {
        while (left > 0)
        {
            _output ??= _slabs.Rent(Math.Min(SlabPool.Large, left + (((left / MaxRecord) + 1) * _overhead)));
            var room = _output.Free.Length - _overhead;
            if (room < Math.Min(left, 1024))
            {
                if (!_output.IsEmpty)
                {
                    return true;
                }

                room = left;
            }

            int count;
            Enter();
            fixed (byte* pointer = plain.Filled)
            {
                count = LibSsl.Write(_ssl, pointer, Math.Min(Math.Min(left, room), MaxRecord));
            }

            if (count <= 0)
            {
                Classify(count);
                return false;
            }

            plain.Consume(count);
            left -= count;
        }

        return true;
    }

    /// <summary>Puts close_notify behind what was written.</summary>
    public void Shutdown()
    {
        Enter();
        if (LibSsl.Shutdown(_ssl) < 0)
        {
            LibCrypto.ClearErrors();
        }
    }

    /// <summary>Gives everything back; no other call may follow.</summary>
    public void Dispose()
    {
        if (_input is not null)
        {
            _slabs.Return(_input);
            _input = null;
        }

        if (_output is not null)
        {
            _slabs.Return(_output);
            _output = null;
        }

        if (_ssl != 0)
        {
            Enter();
            LibSsl.Free(_ssl);
            _ssl = 0;
        }

        Negotiation = null;
        t_current = null;
    }

    /// <summary>OpenSSL asks for what has arrived; 0 is nothing.</summary>
    internal int TakeInput(Span<byte> buffer)
    {
        if (_input is not { } input)
        {
            _wantedInput = true;
            return 0;
        }

        var count = Math.Min(buffer.Length, input.Length);
        input.Filled[..count].CopyTo(buffer);
        input.Consume(count);
        if (input.IsEmpty)
        {
            _slabs.Return(input);
            _input = null;
        }

        return count;
    }

    /// <summary>OpenSSL has something to send. False: too much is waiting.</summary>
    internal bool AppendOutput(ReadOnlySpan<byte> bytes)
    {
        _output ??= _slabs.Rent(bytes.Length);
        if (_output.TryAppend(bytes))
        {
            return true;
        }

        var needed = _output.Length + bytes.Length;
        if (needed > MaxOutput)
        {
            return false;
        }

        _output = _slabs.Grow(_output, needed);
        return _output.TryAppend(bytes);
    }

    private void Enter()
    {
        t_current = this;
        // What another call on this thread left behind would be taken for this one's error.
        LibCrypto.ClearErrors();
        if (_wantedInput)
        {
            _wantedInput = false;
            LibCrypto.ClearBioFlags(_bio, LibCrypto.BioFlagRead | LibCrypto.BioFlagRetry);
        }
    }

    // Handling a ticket makes OpenSSL set up a buffer for writing, of 16 KB, which it keeps until something was written: long, on an idle connection.
    private void Trim()
    {
        if (_trims > 0)
        {
            _trims--;
            LibSsl.FreeBuffers(_ssl);
        }
    }

    private SslStatus Classify(int result)
    {
        var error = LibSsl.GetError(_ssl, result);
        if (error == LibSsl.ErrorWantRead)
        {
            return SslStatus.NeedsInput;
        }

        if (error == LibSsl.ErrorZeroReturn)
        {
            return _sticky = SslStatus.Ended;
        }

        Error = OpenSslError.Take();
        return _sticky = SslStatus.Failed;
    }
}
