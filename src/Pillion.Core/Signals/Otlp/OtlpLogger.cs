using System.Buffers.Binary;
using Pillion.Core.Protobuf;
using Pillion.Core.Signals.AccessLog;
using Pillion.Core.Signals.Metrics;
using Pillion.Net.Http;

namespace Pillion.Core.Signals.Otlp;

/// <summary>
/// Writes the access-log records of one loop for a collector, with the trace they belong to. As with lines, the record is formatted on the loop and left in a
/// ring: never waits, and without room it is dropped and counted.
/// </summary>
internal sealed class OtlpLogger(LogFormat body, IReadOnlyList<(string Name, LogFormat Value)> attributes, LineRing ring, OtlpMetrics metrics, Action wake, TimeProvider time)
{
    private const int Info = 9;
    private const int Warn = 13;
    private const int Error = 17;

    private readonly LineBuffer _line = new();
    private readonly ProtoWriter _record = new();

    public void Write(RequestRecord record, RequestHead? request, ResponseHead? response, FieldList? trailers = null)
    {
        var exchange = new LogExchange(record, request, response, trailers);
        _record.Clear();
        var at = _record.Begin(OtlpLogRecord.Field);
        _record.Fixed(1, Nanos(record.StartedUtcTicks));
        _record.Fixed(11, Nanos(time.GetUtcNow().UtcTicks));
        var (number, text) = record.Status >= 500 || record.Failure.IsFailure ? (Error, "ERROR") : record.Status >= 400 ? (Warn, "WARN") : (Info, "INFO");
        _record.Int(2, number);
        _record.Text(3, text);
        Format(body, exchange);
        OtlpAttributes.AnyText(_record, 5, Line);
        foreach (var (name, value) in attributes)
        {
            Format(value, exchange);
            OtlpAttributes.Text(_record, 6, name, Line);
        }

        if (record.Trace.HasTrace)
        {
            Span<byte> id = stackalloc byte[16];
            _record.Fixed4(8, record.Trace.IsSampled ? 1u : 0);
            BinaryPrimitives.WriteUInt64BigEndian(id, record.Trace.High);
            BinaryPrimitives.WriteUInt64BigEndian(id[8..], record.Trace.Low);
            _record.Bytes(9, id);
            if (record.Trace.Span != 0)
            {
                BinaryPrimitives.WriteUInt64BigEndian(id, record.Trace.Span);
                _record.Bytes(10, id[..8]);
            }
        }

        _record.End(at);
        Add(_record.Written);
    }

    private void Add(ReadOnlySpan<byte> record)
    {
        if (!ring.TryAdd(record))
        {
            metrics.Dropped.Count(record.Length > ring.Capacity ? OtlpExporter.TooLarge : OtlpExporter.QueueFull);
            return;
        }

        // Once as each quarter of the ring fills.
        var waiting = ring.Waiting;
        var quarter = ring.Capacity / 4;
        if (waiting / quarter != (waiting - record.Length) / quarter)
        {
            wake();
        }
    }

    private ReadOnlySpan<byte> Line => _line.Written is [.. var line, (byte)'\n'] ? line : _line.Written;

    private void Format(LogFormat format, in LogExchange exchange)
    {
        _line.Clear();
        format.Write(_line, exchange);
    }

    private static ulong Nanos(long utcTicks) => (ulong)Math.Max(0, utcTicks - DateTime.UnixEpoch.Ticks) * 100;
}
