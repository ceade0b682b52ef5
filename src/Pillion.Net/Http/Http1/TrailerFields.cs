namespace Pillion.Net.Http.Http1;

/// <summary>
/// The fields that must not come in a trailer: framing, routing, authentication, how to read the content, and those Pillion sets (RFC 9110
/// §6.5.1).
/// </summary>
internal static class TrailerFields
{
    /// <summary>Reads one trailer line, folds included, into the list; a forbidden field is read, counted and left out.</summary>
    public static HttpViolation Add(ReadOnlySpan<byte> line, HttpRules rules, FieldList trailers)
    {
        if (line[0] is HttpBytes.Space or HttpBytes.Tab)
        {
            return rules.RejectFolding ? HttpViolation.FoldedField : HttpViolation.BadFieldLine;
        }

        if (trailers.Count >= rules.MaxFields)
        {
            return HttpViolation.TooManyTrailers;
        }

        var violation = FieldLine.Read(line, rules, out var known, out var nameLength, out var valueStart, out var valueLength);
        if (violation != HttpViolation.None)
        {
            return violation;
        }

        var name = line[..nameLength];
        trailers.Add(known, name, line.Slice(valueStart, valueLength));
        if (!rules.RejectFolding)
        {
            trailers.SetValueLength(trailers.Count - 1, FieldLine.Unfold(trailers.EditableValue(trailers.Count - 1)));
        }

        Drop(known, name, rules, trailers);
        return HttpViolation.None;
    }

    /// <summary>As above for a field that came in two pieces (HTTP/2).</summary>
    public static HttpViolation Add(KnownField known, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, HttpRules rules, FieldList trailers)
    {
        if (trailers.Count >= rules.MaxFields)
        {
            return HttpViolation.TooManyTrailers;
        }

        trailers.Add(known, name, value);
        Drop(known, name, rules, trailers);
        return HttpViolation.None;
    }

    private static void Drop(KnownField known, ReadOnlySpan<byte> name, HttpRules rules, FieldList trailers)
    {
        // Counted, then dropped: RFC 9110 §6.5.1 lets a recipient discard what must not be in a trailer; the next reader might merge it
        // into the head.
        if (IsForbidden(known, name, rules))
        {
            trailers.RemoveAt(trailers.Count - 1);
        }
    }

    private static bool IsForbidden(KnownField known, ReadOnlySpan<byte> name, HttpRules rules) => known switch
    {
        // What trailers are for, and what may harmlessly be there.
        KnownField.GrpcStatus or KnownField.GrpcMessage or KnownField.ETag or KnownField.Server or KnownField.Date or KnownField.ProxyStatus => false,
        KnownField.Other => GuardedFields.IsGuarded(known, name, rules.PolicyFieldNames) ||
            (rules.RejectAliasedUnderscores && GuardedFields.IsAlias(name, rules.PolicyFieldNames)),
        _ => true,
    };
}
