using System.Runtime.CompilerServices;
using System.Text;
using Pillion.Core.Resilience;
using Pillion.Net.Http;
using Pillion.Net.Loop;
using Pillion.Proxy.Forwarding;

namespace Pillion.Proxy.Filters.Cors;

/// <summary>
/// Answers preflights, and says in answers which origin may read them. What a browser does not ask by, it does not touch: requests are never refused
/// for their origin, only pages are kept from reading.
/// </summary>
internal sealed class CorsFilter(CorsConfig config, FilterContext context) : Filter(config, context)
{
    private static readonly byte[][] Fields =
    [
        [.. "access-control-allow-origin"u8], [.. "access-control-allow-credentials"u8], [.. "access-control-expose-headers"u8],
    ];

    private readonly OriginMatcher _origins = new(config.Origins);
    private readonly byte[] _methods = Encoding.ASCII.GetBytes(config.Methods);
    private readonly byte[] _headers = Encoding.ASCII.GetBytes(config.Headers);
    private readonly byte[] _expose = Encoding.ASCII.GetBytes(config.ExposeHeaders);
    private readonly byte[] _maxAge = Encoding.ASCII.GetBytes(config.MaxAge);

    public override bool SeesAnswers => true;

    public override ValueTask<bool> RequestAsync(Exchange exchange)
    {
        var request = exchange.Request;
        var index = request.Fields.IndexOf(KnownField.Origin);
        if (index < 0 || request.Fields.Value(index).IsEmpty)
        {
            return new(true);
        }

        // Two of them are no browser's.
        var isAllowed = request.Fields.IndexOf(KnownField.Origin, index + 1) < 0 && _origins.Matches(request.Fields.Value(index));
        Tell(exchange, isAllowed ? "origin_valid" : "origin_invalid");
        if (isAllowed)
        {
            exchange.AllowedOrigin.Set(request.Fields.Value(index));
            isAllowed = !exchange.AllowedOrigin.IsCut;
        }

        // Fetch §3.2.2: a preflight is OPTIONS that names a method.
        if (request.Method != Net.Http.HttpMethod.Options || IsMissing(request.Fields, "access-control-request-method"u8))
        {
            return new(true);
        }

        return isAllowed ? AnswerAsync(exchange) : config.ForwardOthers == true ? new(true) : RefusePreflightAsync(exchange);
    }

    public override void Answer(Exchange exchange)
    {
        var fields = exchange.Response.Fields;
        Vary(fields);
        if (exchange.AllowedOrigin.IsEmpty || exchange.AllowedOrigin.IsCut)
        {
            if (config.DecidesAlone)
            {
                foreach (var name in Fields)
                {
                    fields.RemoveAll(name);
                }
            }

            return;
        }

        Set(fields, "access-control-allow-origin"u8, exchange.AllowedOrigin.Span);
        if (config.Credentials == true)
        {
            Set(fields, "access-control-allow-credentials"u8, "true"u8);
        }
        else if (config.DecidesAlone)
        {
            fields.RemoveAll("access-control-allow-credentials"u8);
        }

        if (_expose.Length > 0)
        {
            Set(fields, "access-control-expose-headers"u8, _expose);
        }
    }

    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    private async ValueTask<bool> AnswerAsync(Exchange exchange)
    {
        WritePreflight(exchange);
        exchange.Record.Details = "cors_response";
        await exchange.SendOwnAsync(default);
        return false;
    }

    private ValueTask<bool> RefusePreflightAsync(Exchange exchange)
    {
        Tell(exchange, "preflight_refused");
        return RefuseAsync(exchange, new Failure(FailureSide.Local, FailureKind.Denied, Cause: "the origin is none of those that may ask"));
    }

    private void WritePreflight(Exchange exchange)
    {
        var asked = exchange.Request.Fields;
        var response = exchange.Response;
        response.Clear();
        response.Status = 200;
        response.Fields.Add(KnownField.Date, exchange.Loop.HttpDate);
        response.Fields.Add(KnownField.Server, exchange.Listener.ServerName);
        Allow(response.Fields, "access-control-allow-methods"u8, _methods, asked, "access-control-request-method"u8);
        Allow(response.Fields, "access-control-allow-headers"u8, _headers, asked, "access-control-request-headers"u8);
        if (_maxAge.Length > 0)
        {
            response.Fields.Add("access-control-max-age"u8, _maxAge);
        }

        if (config.PrivateNetwork == true && asked.IndexOf("access-control-request-private-network"u8) is >= 0 and var wanted && asked.Value(wanted).SequenceEqual("true"u8))
        {
            response.Fields.Add("access-control-allow-private-network"u8, "true"u8);
        }
    }

    // A star is no star where there are credentials (Fetch §3.2.5), so what is asked for is repeated, as Envoy does.
    private static void Allow(FieldList fields, ReadOnlySpan<byte> name, byte[] allowed, FieldList asked, ReadOnlySpan<byte> askedName)
    {
        if (allowed.Length == 0)
        {
            return;
        }

        if (allowed is not [(byte)'*'])
        {
            fields.Add(name, allowed);
        }
        else if (asked.IndexOf(askedName) is >= 0 and var index && asked.Value(index).Length > 0)
        {
            fields.Add(name, asked.Value(index));
        }
    }

    private static bool IsMissing(FieldList fields, ReadOnlySpan<byte> name) => fields.IndexOf(name) is var index && (index < 0 || fields.Value(index).IsEmpty);

    private static void Set(FieldList fields, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        fields.RemoveAll(name);
        fields.Add(name, value);
    }

    // Fetch §3.2.6: what depends on the origin must not be kept for another one.
    private static void Vary(FieldList fields)
    {
        for (var i = fields.IndexOf(KnownField.Vary); i >= 0; i = fields.IndexOf(KnownField.Vary, i + 1))
        {
            foreach (var token in new FieldTokens(fields.Value(i)))
            {
                if (token is [(byte)'*'] || Ascii.EqualsIgnoreCase(token, "origin"u8))
                {
                    return;
                }
            }
        }

        fields.Add(KnownField.Vary, "Origin"u8);
    }
}
