using System.Runtime.CompilerServices;
using Pillion.Net.Loop;
using Pillion.Net.Memory;
using Pillion.Net.Sockets;

namespace Pillion.Net.Http.Http1;

/// <summary>
/// The receiving half of an HTTP/1 connection: heads and bodies out of one slab, which is rented when bytes are there and given
/// back when they are used up.
/// </summary>
internal sealed class Http1Reader(Connection connection, HttpRules rules, int slabSize)
{
    private Slab? _slab;
    private HeadScanner _scanner;
    private ChunkedDecoder _chunks;
    private BodyKind _body;
    private bool _isBodyReceived = true;
    private long _left;
    private int _consumeLater;
    private bool _growing;

    public HttpRules Rules { get; set; } = rules;

    /// <summary>The peer keeps the connection after the message whose head was received last.</summary>
    public bool KeepAlive { get; set; }

    public bool HasBuffered => _slab is { IsEmpty: false };

    /// <summary>More than the framing behind a part that was taken: a sender of events sends that with the event, and nothing else for a while.</summary>
    public bool HasBufferedBody => _slab is not null && _slab.Length > _consumeLater;

    public bool IsBodyReceived => _isBodyReceived;

    /// <summary>Waits for the next request's head.</summary>
    /// <param name="idle">Until the first byte; a time-out then is <see cref="HeadOutcome.Failed"/> with no bytes seen.</param>
    /// <param name="headTimeout">From the first byte to the last.</param>
    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    public async ValueTask<HeadResult> ReceiveRequestHeadAsync(ServerStream stream, Deadline idle, TimeSpan headTimeout)
    {
        var deadline = idle;
        var isFirst = true;

        // A body whose sending failed was taken to its last byte of data and no further: the rest of its framing is not the next request.
        ConsumeFraming();
        while (true)
        {
            if (HasBuffered)
            {
                if (isFirst)
                {
                    isFirst = false;
                    deadline = Deadline.After(connection.Loop, headTimeout);
                }

                var status = RequestParser.Parse(_slab!.Filled, ref _scanner, Rules, stream.Request, out var consumed, out var violation);
                _slab.Consume(consumed);
                if (status != ParseStatus.NeedMore)
                {
                    _scanner = default;
                    if (status == ParseStatus.Error)
                    {
                        return new HeadResult(HeadOutcome.Violated, Violation: violation, BytesSeen: true);
                    }

                    BeginBody(stream.Request);
                    return new HeadResult(HeadOutcome.Received, BytesSeen: true);
                }
            }

            var result = await WaitAsync(deadline, default);
            if (result.IsOk)
            {
                result = await ReceiveReadyAsync(deadline, default);
            }

            if (!result.IsOk || result.Count == 0)
            {
                return EndedWithoutHead(result);
            }
        }
    }

    /// <summary>Waits for an answer's head.</summary>
    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    public async ValueTask<HeadResult> ReceiveResponseHeadAsync(ResponseHead head, HttpMethod requestMethod, CancellationToken cancellationToken)
    {
        KeepAlive = false;
        while (true)
        {
            if (HasBuffered)
            {
                var status = ResponseParser.Parse(_slab!.Filled, ref _scanner, Rules, requestMethod, head, out var consumed, out var violation);
                _slab.Consume(consumed);
                if (status != ParseStatus.NeedMore)
                {
                    _scanner = default;
                    if (status == ParseStatus.Error)
                    {
                        return new HeadResult(HeadOutcome.Violated, Violation: violation, BytesSeen: true);
                    }

                    BeginBody(head);
                    return new HeadResult(HeadOutcome.Received, BytesSeen: true);
                }
            }

            var result = await WaitAsync(default, cancellationToken);
            if (result.IsOk)
            {
                result = await ReceiveReadyAsync(default, cancellationToken);
            }

            if (!result.IsOk || result.Count == 0)
            {
                return EndedWithoutHead(result);
            }
        }
    }

    /// <summary>The next part of the body; see <see cref="HttpStream.ReceiveBodyAsync"/>.</summary>
    public ValueTask<BodyPart> ReceiveBodyAsync(FieldList trailers, CancellationToken cancellationToken) =>
        TryTakePart(trailers, out var part) ? new ValueTask<BodyPart>(part) : ReceiveBodySlowAsync(trailers, cancellationToken);

    /// <summary>From here on everything until the peer's end is one body.</summary>
    public void BeginTunnel()
    {
        _body = BodyKind.UntilClose;
        _isBodyReceived = false;
        _growing = false;
    }

    /// <summary>Gives the slab back when nothing is in it: a connection that waits holds none.</summary>
    public void ReleaseIfEmpty()
    {
        if (_slab is { IsEmpty: true })
        {
            ReleaseSlab();
        }
    }

    public void ReleaseSlab()
    {
        if (_slab is not null)
        {
            connection.Loop.Slabs.Return(_slab);
            _slab = null;
        }
    }

    private void BeginBody(Head head)
    {
        KeepAlive = head.KeepAlive;
        _body = head.Body;
        _left = head.Body == BodyKind.Length ? head.ContentLength : 0;
        _chunks = default;
        _consumeLater = 0;
        _growing = false;
        _isBodyReceived = _body == BodyKind.None || (_body == BodyKind.Length && _left == 0);
        if (_isBodyReceived)
        {
            ReleaseIfEmpty();
        }
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<BodyPart> ReceiveBodySlowAsync(FieldList trailers, CancellationToken cancellationToken)
    {
        while (true)
        {
            var result = await WaitAsync(default, cancellationToken);
            if (result.IsOk)
            {
                result = await ReceiveReadyAsync(default, cancellationToken);

                // A body that fills its buffer is a large one: fewer, larger reads from here on.
                _growing = result.IsOk && _slab is not null && result.Count == _slab.Capacity;
            }

            if (_slab is { IsEmpty: true })
            {
                ReleaseSlab();
            }

            if (!result.IsOk)
            {
                return BodyPart.Failed(result.Error);
            }

            if (result.Count == 0)
            {
                if (_body == BodyKind.UntilClose)
                {
                    _isBodyReceived = true;
                    ReleaseIfEmpty();
                    return BodyPart.End();
                }

                return BodyPart.Failed(IoError.None);
            }

            if (TryTakePart(trailers, out var part))
            {
                return part;
            }
        }
    }

    private bool TryTakePart(FieldList trailers, out BodyPart part)
    {
        part = default;
        ConsumeFraming();
        if (_isBodyReceived)
        {
            ReleaseIfEmpty();
            part = BodyPart.End();
            return true;
        }

        if (!HasBuffered)
        {
            return false;
        }

        switch (_body)
        {
            case BodyKind.Length:
                var count = (int)Math.Min(_left, _slab!.Length);
                _left -= count;
                _isBodyReceived = _left == 0;
                part = BodyPart.Data(_slab, count);
                return true;
            case BodyKind.Chunked:
                return TryTakeChunk(trailers, out part);
            default:
                part = BodyPart.Data(_slab!, _slab!.Length);
                return true;
        }
    }

    private void ConsumeFraming()
    {
        if (_consumeLater > 0)
        {
            _slab!.Consume(_consumeLater);
            _consumeLater = 0;
        }
    }

    private bool TryTakeChunk(FieldList trailers, out BodyPart part)
    {
        while (true)
        {
            var status = _chunks.Decode(_slab!.Filled, Rules, trailers, out var consumed, out var dataStart, out var dataLength, out var violation);
            if (status == ParseStatus.Error)
            {
                part = BodyPart.Failed(violation);
                return true;
            }

            if (dataLength > 0)
            {
                // The caller consumes the data itself; framing that was consumed behind it follows at the next call.
                _slab.Consume(dataStart);
                _consumeLater = consumed - dataStart - dataLength;
                _isBodyReceived = status == ParseStatus.Done;
                part = BodyPart.Data(_slab, dataLength);
                return true;
            }

            _slab.Consume(consumed);
            if (status == ParseStatus.Done)
            {
                _isBodyReceived = true;
                ReleaseIfEmpty();
                part = BodyPart.End();
                return true;
            }

            if (consumed == 0 || _slab.IsEmpty)
            {
                part = default;
                return false;
            }
        }
    }

    // The two steps of a receive are awaited one after the other by whoever needs bytes, not by a method of their own: it would be one more to
    // resume for every message. No memory is held while there is nothing to receive.
    private ValueTask<IoResult> WaitAsync(Deadline deadline, CancellationToken cancellationToken)
    {
        if (HasBuffered)
        {
            MakeRoom();
            return new ValueTask<IoResult>(IoResult.Done(1));
        }

        ReleaseSlab();
        return connection.WaitReadableAsync(deadline, cancellationToken);
    }

    private ValueTask<IoResult> ReceiveReadyAsync(Deadline deadline, CancellationToken cancellationToken)
    {
        _slab ??= connection.Loop.Slabs.Rent(_growing ? SlabPool.Large : slabSize);
        return connection.ReceiveAsync(_slab, deadline, cancellationToken);
    }

    private HeadResult EndedWithoutHead(IoResult result)
    {
        var seen = HasBuffered;
        ReleaseSlab();
        return new HeadResult(result.IsOk && !seen ? HeadOutcome.Ended : HeadOutcome.Failed, result.Error, BytesSeen: seen);
    }

    private void MakeRoom()
    {
        if (_slab!.Free.IsEmpty)
        {
            if (_slab.Start > 0)
            {
                _slab.Compact();
            }
            else
            {
                _slab = connection.Loop.Slabs.Grow(_slab, _slab.Capacity * 2);
            }
        }
    }
}
