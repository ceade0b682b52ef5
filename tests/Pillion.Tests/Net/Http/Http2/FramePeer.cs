using System.Buffers.Binary;
using System.Text;
using Pillion.Net.Http.Http2;
using Pillion.Net.Http.Http2.Hpack;
using Pillion.Net.InMemory;
using Pillion.Net.Memory;
using Pillion.Tests.Net.Http.Http2.Hpack;

namespace Pillion.Tests.Net.Http.Http2;

/// <summary>A peer that sends exactly the frames it is told, right or wrong, and shows the frames it gets as text, one a line.</summary>
internal sealed class FramePeer
{
    public const string Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

    private readonly Http2Fixture _fixture;
    private readonly MemoryConnection _socket;
    private readonly SlabPool _slabs = new();
    private readonly MemoryStream _received = new();
    private readonly HpackDecoder _decoder = new(4096);
    private readonly Queue<byte[]> _toSend = [];
    private bool _isReading;
    private bool _isSending;
    private bool _skippedPreface;
    private int _taken;

    public FramePeer(Http2Fixture fixture, MemoryConnection socket, bool reads = true)
    {
        _fixture = fixture;
        _socket = socket;
        if (reads)
        {
            Read();
        }
    }

    public bool IsEnded { get; private set; }

    public bool IsReset { get; private set; }

    /// <summary>As a client: the preface and empty SETTINGS.</summary>
    public static byte[] Hello => [.. Encoding.ASCII.GetBytes(Preface), .. Settings()];

    public static byte[] Frame(FrameType type, int flags, int id, params byte[] payload)
    {
        var bytes = new byte[9 + payload.Length];
        new FrameHeader(payload.Length, type, (byte)flags, id).Write(bytes);
        payload.CopyTo(bytes, 9);
        return bytes;
    }

    public static byte[] Settings(params (SettingId Id, long Value)[] settings)
    {
        var payload = new byte[settings.Length * 6];
        for (var i = 0; i < settings.Length; i++)
        {
            BinaryPrimitives.WriteUInt16BigEndian(payload.AsSpan(i * 6), (ushort)settings[i].Id);
            BinaryPrimitives.WriteUInt32BigEndian(payload.AsSpan((i * 6) + 2), (uint)settings[i].Value);
        }

        return Frame(FrameType.Settings, 0, 0, payload);
    }

    public static byte[] SettingsAck => Frame(FrameType.Settings, FrameFlags.Ack, 0);

    /// <summary>Fields as plain literals, which no table changes.</summary>
    public static byte[] Block(params string[] fields)
    {
        var block = new List<byte>();
        foreach (var field in fields)
        {
            var separator = field.IndexOf(": ", 1, StringComparison.Ordinal);
            block.Add(0);
            foreach (var text in (string[])[field[..separator], field[(separator + 2)..]])
            {
                var length = new byte[HpackInteger.MaxBytes];
                block.AddRange(length[..HpackInteger.Write(length, 0, 7, text.Length)]);
                block.AddRange(Encoding.Latin1.GetBytes(text));
            }
        }

        return [.. block];
    }

    public static byte[] Headers(int id, bool ends, params string[] fields) =>
        Frame(FrameType.Headers, FrameFlags.EndHeaders | (ends ? FrameFlags.EndStream : 0), id, Block(fields));

    /// <summary>A request head with the usual pseudo-fields.</summary>
    public static byte[] Get(int id, bool ends = true, string path = "/", string method = "GET", params string[] fields) =>
        Headers(id, ends, [$":method: {method}", ":scheme: http", $":path: {path}", ":authority: orders", .. fields]);

    public static byte[] Data(int id, bool ends, string text, int flags = 0) =>
        Frame(FrameType.Data, flags | (ends ? FrameFlags.EndStream : 0), id, Encoding.Latin1.GetBytes(text));

    public static byte[] WindowUpdate(int id, long increment)
    {
        var payload = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(payload, (uint)increment);
        return Frame(FrameType.WindowUpdate, 0, id, payload);
    }

    public static byte[] Reset(int id, Http2Error code)
    {
        var payload = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(payload, (uint)code);
        return Frame(FrameType.RstStream, 0, id, payload);
    }

    public static byte[] GoAway(int last, Http2Error code, string debug = "")
    {
        var payload = new byte[8 + debug.Length];
        BinaryPrimitives.WriteInt32BigEndian(payload, last);
        BinaryPrimitives.WriteUInt32BigEndian(payload.AsSpan(4), (uint)code);
        Encoding.ASCII.GetBytes(debug, payload.AsSpan(8));
        return Frame(FrameType.GoAway, 0, 0, payload);
    }

    public static byte[] Ping(ulong data, bool ack = false)
    {
        var payload = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(payload, data);
        return Frame(FrameType.Ping, ack ? FrameFlags.Ack : 0, 0, payload);
    }

    /// <summary>Sends the frames in one piece and lets the loop run.</summary>
    public FramePeer Send(params byte[][] frames)
    {
        _fixture.OnLoop(() => SendNow([.. frames.SelectMany(f => f)]));
        return this;
    }

    /// <summary>As <see cref="Send"/>, from the loop.</summary>
    public void SendNow(byte[] bytes)
    {
        _toSend.Enqueue(bytes);
        if (!_isSending)
        {
            _isSending = true;
            _ = SendQueueAsync();
        }
    }

    public void End() => _fixture.OnLoop(() => _ = _socket.ShutdownAsync());

    public void Close() => _fixture.OnLoop(_socket.Close);

    public void Read()
    {
        if (!_isReading)
        {
            _isReading = true;
            _fixture.OnLoop(() => _ = ReadAsync());
        }
    }

    /// <summary>What came since the last look; the frames of the connection's beginning and WINDOW_UPDATE are left out unless asked for.</summary>
    public string Take(bool all = false)
    {
        _fixture.Run();
        var bytes = _received.ToArray().AsSpan(_taken);
        if (!_skippedPreface && bytes.StartsWith(Encoding.ASCII.GetBytes(Preface)))
        {
            _taken += Preface.Length;
            bytes = bytes[Preface.Length..];
        }

        _skippedPreface = true;
        var text = new StringBuilder();
        while (bytes.Length >= 9 && FrameHeader.Read(bytes) is var header && bytes.Length >= 9 + header.Length)
        {
            var line = Describe(header, bytes.Slice(9, header.Length));
            if (all || header.Type is not (FrameType.Settings or FrameType.WindowUpdate))
            {
                text.Append(line).Append('\n');
            }

            _taken += 9 + header.Length;
            bytes = bytes[(9 + header.Length)..];
        }

        return text.ToString();
    }

    /// <summary>Total payload of DATA received, however it is split.</summary>
    public int DataBytes { get; private set; }

    private string Describe(FrameHeader header, ReadOnlySpan<byte> payload)
    {
        var ends = header.Type is FrameType.Data or FrameType.Headers && header.Has(FrameFlags.EndStream) ? " end" : "";
        switch (header.Type)
        {
            case FrameType.Data:
                DataBytes += payload.Length;
                return $"DATA {header.StreamId} {(payload.Length > 80 ? $"({payload.Length})" : Encoding.Latin1.GetString(payload))}{ends}";
            case FrameType.Headers or FrameType.Continuation:
                var fields = header.Has(FrameFlags.EndHeaders) ? Blocks.Decode(_decoder, payload.ToArray()).TrimEnd('\n').Replace("\n", ", ") : "(part)";
                return $"{header.Type.ToString().ToUpperInvariant()} {header.StreamId} {fields}{ends}";
            case FrameType.RstStream:
                return $"RST_STREAM {header.StreamId} {(Http2Error)BinaryPrimitives.ReadUInt32BigEndian(payload)}";
            case FrameType.GoAway:
                return $"GOAWAY {BinaryPrimitives.ReadInt32BigEndian(payload)} {(Http2Error)BinaryPrimitives.ReadUInt32BigEndian(payload[4..])}";
            case FrameType.Settings when header.Has(FrameFlags.Ack):
                return "SETTINGS ack";
            case FrameType.Ping:
                return $"PING {BinaryPrimitives.ReadUInt64BigEndian(payload):x}{(header.Has(FrameFlags.Ack) ? " ack" : "")}";
            case FrameType.WindowUpdate:
                return $"WINDOW_UPDATE {header.StreamId} {BinaryPrimitives.ReadUInt32BigEndian(payload)}";
            default:
                return $"{header.Type.ToString().ToUpperInvariant()} {header.StreamId}";
        }
    }

    private async Task SendQueueAsync()
    {
        while (_toSend.TryDequeue(out var bytes))
        {
            if (bytes.Length > 0)
            {
                var slab = _slabs.Rent(bytes.Length);
                slab.TryAppend(bytes);
                await _socket.SendAsync(slab, bytes.Length);
                _slabs.Return(slab);
            }
        }

        _isSending = false;
    }

    private async Task ReadAsync()
    {
        while (true)
        {
            var slab = _slabs.Rent(SlabPool.Large);
            var result = await _socket.ReceiveAsync(slab);
            _received.Write(slab.Filled);
            _slabs.Return(slab);
            if (!result.IsOk || result.Count == 0)
            {
                IsEnded = result.IsOk;
                IsReset = result.Error == Pillion.Net.Sockets.IoError.Reset;
                return;
            }
        }
    }
}
