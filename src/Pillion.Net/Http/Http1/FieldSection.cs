namespace Pillion.Net.Http.Http1;

/// <summary>
/// The field lines of a head up to the empty line, read as they arrive; registered in the list, whose bytes are copied once at the end.
/// </summary>
internal static class FieldSection
{
    public static ParseStatus Read(
        ReadOnlySpan<byte> bytes, ref HeadScanner scanner, HttpRules rules, FieldList fields, bool guardAliases, out HttpViolation violation)
    {
        while (true)
        {
            var status = scanner.NextLine(bytes, rules, out var start, out var length, out violation);
            if (status != ParseStatus.Done)
            {
                return status;
            }

            if (length == 0)
            {
                // Fields are registered relative to the head's first byte, which is the list's first byte too: the list is empty before.
                fields.AddBlock(bytes[..scanner.Complete]);
                if (scanner.HasFold)
                {
                    Unfold(fields);
                }

                return ParseStatus.Done;
            }

            var line = bytes.Slice(start, length);
            violation = line[0] is HttpBytes.Space or HttpBytes.Tab
                ? Fold(start + length, ref scanner, rules, fields, line)
                : Add(line, start, scanner.Complete == start + length + 2, rules, fields, guardAliases);
            if (violation != HttpViolation.None)
            {
                return ParseStatus.Error;
            }

            scanner.Fields = fields.Count;
        }
    }

    private static HttpViolation Add(ReadOnlySpan<byte> line, int start, bool endsInCrLf, HttpRules rules, FieldList fields, bool guardAliases)
    {
        if (fields.Count == rules.MaxFields)
        {
            return HttpViolation.TooManyFields;
        }

        var violation = FieldLine.Read(line, rules, out var known, out var nameLength, out var valueStart, out var valueLength);
        if (violation != HttpViolation.None)
        {
            return violation;
        }

        if (guardAliases && rules.RejectAliasedUnderscores && known == KnownField.Other &&
            GuardedFields.IsAlias(line[..nameLength], rules.PolicyFieldNames))
        {
            return HttpViolation.AliasedUnderscore;
        }

        // No more and no less white space than we would write.
        var isLine = endsInCrLf && valueStart == nameLength + 2 && line[nameLength + 1] == HttpBytes.Space && valueStart + valueLength == line.Length;
        fields.AddInBlock(known, start, nameLength, start + valueStart, valueLength, isLine);
        return HttpViolation.None;
    }

    // The value grows over the line end; what is between is taken out once the bytes are the list's own.
    private static HttpViolation Fold(int lineEnd, ref HeadScanner scanner, HttpRules rules, FieldList fields, ReadOnlySpan<byte> line)
    {
        if (rules.RejectFolding)
        {
            return HttpViolation.FoldedField;
        }

        if (fields.Count == 0)
        {
            return HttpViolation.BadFieldLine;
        }

        var trailing = line.Length - line.TrimEnd(" \t"u8).Length;
        fields.ExtendLastValue(lineEnd - trailing);
        scanner.HasFold = true;
        return HttpViolation.None;
    }

    private static void Unfold(FieldList fields)
    {
        for (var i = 0; i < fields.Count; i++)
        {
            var value = fields.EditableValue(i);
            if (value.Contains(HttpBytes.Lf))
            {
                fields.SetValueLength(i, FieldLine.Unfold(value));
            }
        }
    }
}
