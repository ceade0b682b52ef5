using System.Runtime.CompilerServices;
using Pillion.Net;
using Pillion.Net.Http;
using Pillion.Net.Http.Http2;
using Pillion.Net.Loop;
using Pillion.Net.Memory;
using Pillion.Net.Sockets;
using Pillion.Net.Tls;

namespace Pillion.Proxy.Forwarding;

/// <summary>
/// The client's stream after the beginning of its body, or all of it, was taken for a policy to look at: what was taken comes once more, then what follows.
/// While nobody takes more the client is held back, as it is by any upstream that is slow.
/// </summary>
internal sealed class TakenBody(SlabPool slabs) : ServerStream
{
    private readonly Queue<Slab> _pieces = new();
    private ServerStream _inner = null!;
    private Slab? _last;
    private Slab? _given;
    private bool _hasEnded;

    public int Length { get; private set; }

    /// <summary>All of the body is here.</summary>
    public bool IsWhole => _hasEnded;

    public override RequestHead Request => _inner.Request;

    public override PeerAddress Remote => _inner.Remote;

    public override PeerAddress Local => _inner.Local;

    public override TlsDetails? Tls => _inner.Tls;

    public override bool HasBufferedBody => HasPieces || _inner.HasBufferedBody;

    public override bool IsBodyReceived => !HasPieces && _inner.IsBodyReceived;

    public override Http2Error? PeerReset => _inner.PeerReset;

    private bool HasPieces => _pieces.Count > 0 || _given is { Length: > 0 };

    /// <summary>Takes pieces until the body ends or more than so many bytes are there.</summary>
    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    public async ValueTask<BodyPart> TakeAsync(ServerStream stream, int most)
    {
        _inner = stream;
        while (Length <= most)
        {
            var part = await stream.ReceiveBodyAsync();
            if (part.Event != BodyEvent.Data)
            {
                _hasEnded = part.Event == BodyEvent.End;
                if (part.Event == BodyEvent.Failed)
                {
                    Drop();
                }

                return part;
            }

            Keep(part.Slab!.Filled[..part.Count]);
            part.Slab.Consume(part.Count);
        }

        return BodyPart.End();
    }

    /// <summary>Copies the first bytes that were taken; returns how many.</summary>
    public int CopyTo(Span<byte> destination)
    {
        var count = 0;
        foreach (var piece in _pieces)
        {
            var part = piece.Filled[..Math.Min(piece.Length, destination.Length - count)];
            part.CopyTo(destination[count..]);
            count += part.Length;
        }

        return count;
    }

    /// <summary>Gives back what nobody took, and the stream.</summary>
    public ServerStream Release()
    {
        Drop();
        var inner = _inner;
        _inner = null!;
        return inner;
    }

    public override ValueTask<BodyPart> ReceiveBodyAsync(CancellationToken cancellationToken = default)
    {
        if (_given is { Length: > 0 })
        {
            return new(BodyPart.Data(_given, _given.Length));
        }

        Return(ref _given);
        if (_pieces.TryDequeue(out _given))
        {
            return new(BodyPart.Data(_given, _given.Length));
        }

        return _hasEnded ? new(End()) : ReceiveFurtherAsync(cancellationToken);
    }

    public override ValueTask<IoResult> SendBodyAsync(Slab slab, int count) => _inner.SendBodyAsync(slab, count);

    public override ValueTask<IoResult> FinishAsync(FieldList? trailers) => _inner.FinishAsync(trailers);

    public override ValueTask<IoResult> FlushAsync() => _inner.FlushAsync();

    public override void BeginTunnel() => _inner.BeginTunnel();

    public override void Abort(bool reset, Http2Error? code = null) => _inner.Abort(reset, code);

    public override ValueTask<IoResult> SendInterimAsync(ResponseHead head) => _inner.SendInterimAsync(head);

    public override bool WriteHead(ResponseHead head, bool close) => _inner.WriteHead(head, close);

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<BodyPart> ReceiveFurtherAsync(CancellationToken cancellationToken)
    {
        var part = await _inner.ReceiveBodyAsync(cancellationToken);
        return part.Event == BodyEvent.End ? End() : part;
    }

    private BodyPart End()
    {
        _hasEnded = true;
        Trailers.Clear();
        Trailers.AddAll(_inner.Trailers);
        return BodyPart.End();
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        Length += bytes.Length;
        while (!bytes.IsEmpty)
        {
            // Small pieces share one: a client that sends byte by byte costs no more memory than its bytes.
            if (_last is null || _last.Free.IsEmpty)
            {
                _last = slabs.Rent(bytes.Length);
                _pieces.Enqueue(_last);
            }

            var count = Math.Min(bytes.Length, _last.Free.Length);
            _last.TryAppend(bytes[..count]);
            bytes = bytes[count..];
        }
    }

    private void Drop()
    {
        Return(ref _given);
        _last = null;
        while (_pieces.TryDequeue(out var piece))
        {
            slabs.Return(piece);
        }
    }

    private void Return(ref Slab? slab)
    {
        if (slab is not null)
        {
            slabs.Return(slab);
            slab = null;
        }
    }
}
