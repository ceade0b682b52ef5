using Pillion.Net.Http;

namespace Pillion.Core.Signals.Tracing;

/// <summary>
/// Zipkin's B3 (github.com/openzipkin/b3-propagation): <c>b3: TRACE-SPAN-SAMPLED-PARENT</c>, or the same in four fields. Trace ids have 16 or 32 digits;
/// a decision without ids is a decision all the same.
/// </summary>
internal static class B3
{
    /// <summary><c>b3</c> with all that it can hold: 32 + 1 + 16 + 1 + 1.</summary>
    public const int SingleLength = 51;

    private static ReadOnlySpan<byte> Single => "b3"u8;

    private static ReadOnlySpan<byte> TraceId => "X-B3-TraceId"u8;

    private static ReadOnlySpan<byte> SpanId => "X-B3-SpanId"u8;

    private static ReadOnlySpan<byte> ParentSpanId => "X-B3-ParentSpanId"u8;

    private static ReadOnlySpan<byte> Sampled => "X-B3-Sampled"u8;

    private static ReadOnlySpan<byte> Flags => "X-B3-Flags"u8;

    /// <summary>True when the request says anything by B3 that can be understood.</summary>
    public static bool TryRead(FieldList fields, out ReceivedTrace received)
    {
        // The single field is taken first where both are there, as the specification asks.
        var index = fields.IndexOf(Single);
        return index >= 0 && TryReadSingle(HttpBytes.TrimOws(fields.Value(index)), out received) || TryReadMulti(fields, out received);
    }

    public static bool TryReadSingle(ReadOnlySpan<byte> value, out ReceivedTrace received)
    {
        received = default;
        if (value.Length == 1)
        {
            return TryDecision(value, out received.IsSampled);
        }

        var dash = value.IndexOf((byte)'-');
        if (dash < 0 || !TryTraceId(value[..dash], ref received))
        {
            return false;
        }

        var rest = value[(dash + 1)..];
        if (rest.Length < 16 || !HexText.TryRead(rest[..16], out received.Parent) || received.Parent == 0)
        {
            return false;
        }

        // The decision may be missing; the parent's own parent is of no use to us, but must look like one.
        rest = rest[16..];
        return rest switch
        {
            [] => true,
            [(byte)'-', var decision] => TryDecision([decision], out received.IsSampled),
            [(byte)'-', var decision, (byte)'-', .. var parent] => TryDecision([decision], out received.IsSampled) && parent.Length == 16 && HexText.TryRead(parent, out _),
            _ => false,
        };
    }

    /// <summary>Writes <see cref="SingleLength"/> bytes.</summary>
    public static void WriteSingle(Span<byte> destination, in TracePosition trace, ulong span)
    {
        HexText.Write(destination, trace.High);
        HexText.Write(destination[16..], trace.Low);
        destination[32] = (byte)'-';
        HexText.Write(destination[33..], span);
        destination[49] = (byte)'-';
        destination[50] = trace.IsSampled ? (byte)'1' : (byte)'0';
    }

    /// <summary>Puts the fields of either form into a request; what it had of the other is removed, as it would contradict.</summary>
    public static void Inject(FieldList fields, in TracePosition trace, ulong span, bool multi)
    {
        if (!multi)
        {
            Span<byte> value = stackalloc byte[SingleLength];
            WriteSingle(value, trace, span);
            Set(fields, Single, value);
            RemoveMulti(fields);
            return;
        }

        Span<byte> id = stackalloc byte[32];
        HexText.Write(id, trace.High);
        HexText.Write(id[16..], trace.Low);
        Set(fields, TraceId, id);
        HexText.Write(id, span);
        Set(fields, SpanId, id[..16]);
        Set(fields, Sampled, trace.IsSampled ? "1"u8 : "0"u8);
        fields.RemoveAll(ParentSpanId);
        fields.RemoveAll(Flags);
        fields.RemoveAll(Single);
    }

    private static void RemoveMulti(FieldList fields)
    {
        fields.RemoveAll(TraceId);
        fields.RemoveAll(SpanId);
        fields.RemoveAll(ParentSpanId);
        fields.RemoveAll(Sampled);
        fields.RemoveAll(Flags);
    }

    private static bool TryReadMulti(FieldList fields, out ReceivedTrace received)
    {
        received = default;
        var sampled = fields.IndexOf(Sampled);
        var flags = fields.IndexOf(Flags);

        // Flags of 1 is "debug", which is a decision for (and what "d" is in the single field).
        if (flags >= 0 && fields.Value(flags).SequenceEqual("1"u8))
        {
            received.IsSampled = true;
        }
        else if (sampled >= 0)
        {
            TryDecision(fields.Value(sampled), out received.IsSampled);
        }

        var trace = fields.IndexOf(TraceId);
        var span = fields.IndexOf(SpanId);
        if (trace < 0 || span < 0)
        {
            return received.IsSampled is not null;
        }

        var ids = received;
        if (TryTraceId(fields.Value(trace), ref ids) && fields.Value(span).Length == 16 && HexText.TryRead(fields.Value(span), out ids.Parent) && ids.Parent != 0)
        {
            received = ids;
            return true;
        }

        return received.IsSampled is not null;
    }

    private static bool TryTraceId(ReadOnlySpan<byte> text, ref ReceivedTrace received)
    {
        var high = 0UL;
        if (text.Length is not (16 or 32) || (text.Length == 32 && !HexText.TryRead(text[..16], out high)) || !HexText.TryRead(text[^16..], out var low) || (high | low) == 0)
        {
            return false;
        }

        received.High = high;
        received.Low = low;
        return true;
    }

    // "true" and "false" were written by old tracers.
    private static bool TryDecision(ReadOnlySpan<byte> text, out bool? decision)
    {
        decision = text switch
        {
            [(byte)'1'] or [(byte)'d'] => true,
            [(byte)'0'] => false,
            _ when text.SequenceEqual("true"u8) => true,
            _ when text.SequenceEqual("false"u8) => false,
            _ => null,
        };
        return decision is not null;
    }

    private static void Set(FieldList fields, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        var index = fields.IndexOf(name);
        if (index < 0)
        {
            fields.Add(name, value);
            return;
        }

        fields.Replace(index, value);
        for (var other = fields.IndexOf(name, index + 1); other >= 0; other = fields.IndexOf(name, other + 1))
        {
            fields.RemoveAt(other);
        }
    }
}
