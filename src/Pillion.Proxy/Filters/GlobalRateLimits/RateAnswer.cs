using System.Globalization;
using System.Text;
using Pillion.Core.Protobuf;
using Pillion.Net.Http;

namespace Pillion.Proxy.Filters.GlobalRateLimits;

/// <summary>What a rate limit service said: <c>envoy.service.ratelimit.v3.RateLimitResponse</c>. Used again for the next one.</summary>
internal sealed class RateAnswer
{
    private const ulong OverLimit = 2;

    private readonly StringBuilder _limits = new();

    /// <summary>Why there is none, in words; null where there is one.</summary>
    public string? Problem { get; private set; }

    public bool IsOverLimit { get; private set; }

    /// <summary>The name of the limit that was passed, where the service gives names.</summary>
    public string LimitName { get; private set; } = "";

    /// <summary>For the answer.</summary>
    public FieldList AnswerFields { get; } = new();

    /// <summary>For the request, where it passes.</summary>
    public FieldList RequestFields { get; } = new();

    /// <summary>The body of a refusal; empty is ours.</summary>
    public byte[] Body { get; private set; } = [];

    /// <summary>The limit that is nearest: how many requests, how many are left, seconds until it begins anew. Null where the service does not say.</summary>
    public (ulong Limit, ulong Remaining, long ResetSeconds)? Nearest { get; private set; }

    /// <summary>The limits with their windows, as x-ratelimit-limit lists them behind the nearest.</summary>
    public string Limits => _limits.ToString();

    public void Clear()
    {
        Problem = null;
        IsOverLimit = false;
        LimitName = "";
        AnswerFields.Clear();
        RequestFields.Clear();
        Body = [];
        Nearest = null;
        _limits.Clear();
    }

    public void Fail(string problem)
    {
        Clear();
        Problem = problem;
    }

    public void Read(ReadOnlySpan<byte> message)
    {
        Clear();
        ulong code = 0;
        var isRight = true;
        var reader = new ProtoReader(message);
        while (isRight && reader.Next())
        {
            switch (reader.Field)
            {
                case 1 when reader.WireType == 0:
                    code = reader.Number;
                    break;
                case 2 when reader.WireType == 2:
                    isRight = ReadStatus(reader.Bytes);
                    break;
                case 3 when reader.WireType == 2:
                    isRight = ReadHeader(reader.Bytes, AnswerFields);
                    break;
                case 4 when reader.WireType == 2:
                    isRight = ReadHeader(reader.Bytes, RequestFields);
                    break;
                case 5 when reader.WireType == 2:
                    Body = reader.Bytes.ToArray();
                    break;
            }
        }

        if (reader.IsBroken || !isRight || code is 0 or > OverLimit)
        {
            Fail(reader.IsBroken || !isRight ? "its answer is not a RateLimitResponse" : "its answer does not say whether the limit was passed");
            return;
        }

        IsOverLimit = code == OverLimit;
    }

    private bool ReadStatus(ReadOnlySpan<byte> message)
    {
        ulong code = 0, remaining = 0, requests = 0, unit = 0;
        long reset = 0;
        var name = "";
        var hasLimit = false;
        var reader = new ProtoReader(message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    code = reader.Number;
                    break;
                case 2 when reader.WireType == 2:
                    hasLimit = true;
                    var limit = new ProtoReader(reader.Bytes);
                    while (limit.Next())
                    {
                        requests = limit.Field == 1 ? limit.Number : requests;
                        unit = limit.Field == 2 ? limit.Number : unit;
                        name = limit.Field == 3 ? Encoding.UTF8.GetString(limit.Bytes) : name;
                    }

                    if (limit.IsBroken)
                    {
                        return false;
                    }

                    break;
                case 3:
                    remaining = reader.Number;
                    break;
                case 4 when reader.WireType == 2:
                    var duration = new ProtoReader(reader.Bytes);
                    while (duration.Next())
                    {
                        reset = duration.Field == 1 ? duration.Int : reset;
                    }

                    break;
            }
        }

        if (reader.IsBroken)
        {
            return false;
        }

        if (code == OverLimit && LimitName.Length == 0)
        {
            LimitName = name;
        }

        if (hasLimit)
        {
            Tell(requests, unit, name);
            if (Nearest is not { } nearest || remaining < nearest.Remaining)
            {
                Nearest = (requests, remaining, Math.Max(0, reset));
            }
        }

        return true;
    }

    // draft-ietf-httpapi-ratelimit-headers-03 §2.1: the quota, with the window in seconds.
    private void Tell(ulong requests, ulong unit, string name)
    {
        var window = unit switch { 1 => 1, 2 => 60, 3 => 3600, 4 => 86_400, 5 => 2_592_000, 6 => 31_536_000, 7 => 604_800, _ => 0 };
        _limits.Append(CultureInfo.InvariantCulture, $", {requests}");
        if (window > 0)
        {
            _limits.Append(CultureInfo.InvariantCulture, $";w={window}");
            if (name.Length is > 0 and < 100 && name.All(c => c is > ' ' and < '\x7f' and not ('"' or '\\')))
            {
                _limits.Append(CultureInfo.InvariantCulture, $";name=\"{name}\"");
            }
        }
    }

    private static bool ReadHeader(ReadOnlySpan<byte> message, FieldList fields)
    {
        ReadOnlySpan<byte> name = default, value = default;
        var reader = new ProtoReader(message);
        while (reader.Next())
        {
            name = reader.Field == 1 ? reader.Bytes : name;
            value = reader.Field is 2 or 3 && reader.Bytes.Length > 0 ? reader.Bytes : value;
        }

        if (!reader.IsBroken && Forwarding.AnswerFields.MayBeSet(name, value))
        {
            fields.Add(name, value);
        }

        return !reader.IsBroken;
    }
}
