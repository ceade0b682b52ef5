using Pillion.Net.Http;

namespace Pillion.Core.Signals.Tracing;

/// <summary>Takes a trace out of a request's fields and puts it into those that are sent on, in every format asked for.</summary>
internal static class TracePropagation
{
    /// <summary>The first format, in their order, that says anything decides; nothing at all is a default value.</summary>
    public static ReceivedTrace Read(FieldList fields, ReadOnlySpan<TraceFormat> formats)
    {
        foreach (var format in formats)
        {
            if (format == TraceFormat.W3c ? TryReadW3c(fields, out var received) : B3.TryRead(fields, out received))
            {
                return received;
            }
        }

        return default;
    }

    public static void Inject(FieldList fields, ReadOnlySpan<TraceFormat> formats, in TracePosition trace, ulong span)
    {
        Span<byte> value = stackalloc byte[TraceContext.Length];
        foreach (var format in formats)
        {
            if (format == TraceFormat.W3c)
            {
                TraceContext.Write(value, trace, span);
                fields.Set(KnownField.TraceParent, value);
            }
            else
            {
                B3.Inject(fields, trace, span, multi: format == TraceFormat.B3Multi);
            }
        }
    }

    private static bool TryReadW3c(FieldList fields, out ReceivedTrace received)
    {
        received = default;
        var index = fields.IndexOf(KnownField.TraceParent);

        // Two of them are none (W3C Trace Context §3.2.2.5: parsing fails, and the trace begins anew).
        return index >= 0 && fields.IndexOf(KnownField.TraceParent, index + 1) < 0 && TraceContext.TryRead(fields.Value(index), out received);
    }
}
