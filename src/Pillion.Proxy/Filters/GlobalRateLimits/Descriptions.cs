using System.Text;
using Pillion.Core.Configuration;
using Pillion.Core.Protobuf;
using Pillion.Net.Http;
using Pillion.Proxy.Filters.RateLimits;
using Pillion.Proxy.Forwarding;
using Pillion.Proxy.Routing;

namespace Pillion.Proxy.Filters.GlobalRateLimits;

/// <summary>Writes how a request is described: each description whose entries can all be made, and none of the others (Envoy: RateLimit.actions).</summary>
internal sealed class Descriptions(ValueList<RateActionsConfig> configs)
{
    // RateLimitRequest.descriptors.
    private const int Field = 2;

    private readonly Step[][] _sets = [.. configs.Select(set => set.Actions.Select(action => new Step(action)).ToArray())];

    /// <summary>How many were written; where there is none nothing need be asked.</summary>
    public int Write(ProtoWriter writer, Exchange exchange)
    {
        var count = 0;
        foreach (var set in _sets)
        {
            if (!Applies(set, exchange.Request))
            {
                continue;
            }

            count++;
            var descriptor = writer.Begin(Field);
            foreach (var step in set)
            {
                var entry = writer.Begin(1);
                writer.Bytes(1, step.Key);
                WriteValue(writer, step, exchange);
                writer.End(entry);
            }

            writer.End(descriptor);
        }

        return count;
    }

    private static bool Applies(Step[] set, RequestHead request)
    {
        foreach (var step in set)
        {
            switch (step.Kind)
            {
                case RateActionKind.RequestHeader when !step.TryGet(request, out _):
                case RateActionKind.HeaderValueMatch when step.AreSo(request) != step.ExpectsMatch:
                    return false;
            }
        }

        return set.Length > 0;
    }

    private static void WriteValue(ProtoWriter writer, Step step, Exchange exchange)
    {
        switch (step.Kind)
        {
            case RateActionKind.RemoteAddress:
                Span<byte> address = stackalloc byte[64];
                writer.Bytes(2, address[..ClientAddress.Of(exchange).FormatAddress(address)]);
                break;
            case RateActionKind.RequestHeader:
                step.TryGet(exchange.Request, out var value);
                CheckedText.Write(writer, 2, value);
                break;
            default:
                writer.Bytes(2, step.Value);
                break;
        }
    }

    private sealed class Step(RateActionConfig config)
    {
        private readonly byte[] _header = Encoding.ASCII.GetBytes(config.Header);
        private readonly RequestField _field = RequestFields.Identify(config.Header);
        private readonly HeaderMatcher[] _headers = [.. config.Headers.Select(header => new HeaderMatcher(header))];

        public RateActionKind Kind => config.Kind;

        public bool ExpectsMatch => config.ExpectsMatch;

        public byte[] Key { get; } = Encoding.UTF8.GetBytes(config.Key);

        public byte[] Value { get; } = Encoding.UTF8.GetBytes(config.Value);

        public bool TryGet(RequestHead request, out ReadOnlySpan<byte> value)
        {
            if (_field != RequestField.Header)
            {
                value = RequestFields.Get(request, _field);
                return !value.IsEmpty;
            }

            var index = request.Fields.IndexOf(_header);
            value = index < 0 ? default : request.Fields.Value(index);
            return index >= 0;
        }

        public bool AreSo(RequestHead request)
        {
            foreach (var header in _headers)
            {
                if (!header.Matches(request, Scratch.OfThread))
                {
                    return false;
                }
            }

            return true;
        }
    }
}
