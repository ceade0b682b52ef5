using Pillion.Core.Protobuf;
using Pillion.Proxy.Configuration;

namespace Pillion.Proxy.Filters.ExternalAuthorization;

/// <summary>Reads <c>envoy.service.auth.v3.CheckResponse</c>.</summary>
internal static class CheckResponse
{
    private const string NotOne = "its answer is not a CheckResponse";

    private ref struct Parts
    {
        public ReadOnlySpan<byte> Denied;
        public ReadOnlySpan<byte> Allowed;
        public ulong Code;
    }

    public static void Read(ReadOnlySpan<byte> message, AuthorizationAnswer answer)
    {
        answer.Clear();
        var parts = default(Parts);
        var reader = new ProtoReader(message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1 when reader.WireType == 2:
                    var status = new ProtoReader(reader.Bytes);
                    while (status.Next())
                    {
                        parts.Code = status.Field == 1 ? status.Number : parts.Code;
                    }

                    if (status.IsBroken)
                    {
                        answer.Fail(NotOne);
                        return;
                    }

                    break;
                case 2 when reader.WireType == 2:
                    parts.Denied = reader.Bytes;
                    break;
                case 3 when reader.WireType == 2:
                    parts.Allowed = reader.Bytes;
                    break;
            }
        }

        // An empty message says OK: that is how protobuf writes zero, and how Envoy reads it.
        var isGood = !reader.IsBroken && (parts.Code == 0 ? ReadAllowed(parts.Allowed, answer) : ReadDenied(parts.Denied, answer));
        if (!isGood)
        {
            answer.Fail(answer.Problem ?? NotOne);
            return;
        }

        answer.Outcome = parts.Code == 0 ? AuthorizationOutcome.Allowed : AuthorizationOutcome.Denied;
    }

    private static bool ReadDenied(ReadOnlySpan<byte> message, AuthorizationAnswer answer)
    {
        answer.Status = 403;
        var reader = new ProtoReader(message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1 when reader.WireType == 2:
                    var status = new ProtoReader(reader.Bytes);
                    while (status.Next())
                    {
                        answer.Status = status.Field == 1 && status.Number is >= 200 and <= 599 ? (int)status.Number : answer.Status;
                    }

                    break;
                case 2 when reader.WireType == 2:
                    if (!ReadHeader(reader.Bytes, out var name, out var value, out var append))
                    {
                        return false;
                    }

                    answer.AddToAnswer(name, value, append);
                    break;
                case 3 when reader.WireType == 2:
                    answer.Body = reader.Bytes.ToArray();
                    break;
            }
        }

        return !reader.IsBroken;
    }

    private static bool ReadAllowed(ReadOnlySpan<byte> message, AuthorizationAnswer answer)
    {
        var reader = new ProtoReader(message);
        while (reader.Next())
        {
            if (reader.WireType != 2)
            {
                continue;
            }

            switch (reader.Field)
            {
                case 2 or 6:
                    if (!ReadHeader(reader.Bytes, out var name, out var value, out var append))
                    {
                        return false;
                    }

                    if (reader.Field == 2)
                    {
                        answer.AddToRequest(name, value, append);
                    }
                    else
                    {
                        answer.AddToAnswer(name, value, append);
                    }

                    break;
                case 5:
                    answer.Remove(reader.Bytes);
                    break;
                case 7 or 8:
                    // Left undone, the upstream would get a request other than the one that was allowed.
                    answer.Problem = "it wants query parameters changed, which is not supported";
                    return false;
            }
        }

        return !reader.IsBroken;
    }

    /// <summary>HeaderValueOption. Here, as Envoy's ext_authz has it, a header is set unless it says that it is appended.</summary>
    internal static bool ReadHeader(ReadOnlySpan<byte> message, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value, out HeaderAppend append)
    {
        name = value = default;
        append = HeaderAppend.Set;
        var reader = new ProtoReader(message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1 when reader.WireType == 2:
                    var header = new ProtoReader(reader.Bytes);
                    while (header.Next())
                    {
                        name = header.Field == 1 ? header.Bytes : name;
                        value = header.Field is 2 or 3 && header.Bytes.Length > 0 ? header.Bytes : value;
                    }

                    if (header.IsBroken)
                    {
                        return false;
                    }

                    break;
                case 2 when reader.WireType == 2:
                    var flag = new ProtoReader(reader.Bytes);
                    while (flag.Next())
                    {
                        append = flag is { Field: 1, Bool: true } ? HeaderAppend.Add : HeaderAppend.Set;
                    }

                    break;
                case 3:
                    append = reader.Number switch
                    {
                        1 => HeaderAppend.AddIfAbsent,
                        2 => HeaderAppend.Set,
                        3 => HeaderAppend.SetIfPresent,
                        _ => append,
                    };
                    break;
            }
        }

        return !reader.IsBroken && !name.IsEmpty;
    }
}
