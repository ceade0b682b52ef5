using System.Buffers.Text;
using Pillion.Net.Http;

namespace Pillion.Proxy.Retries;

/// <summary>
/// What passes between two layers that both try again, so that three tries here and three there are not nine: X-Envoy-Attempt-Count says which
/// try a request is, X-Pillion-Retries how many may follow. A client that claims either gets fewer tries and nothing else.
/// </summary>
internal readonly record struct OuterRetries(int Attempt, int Left)
{
    private const int Most = 1000;

    /// <summary>Somebody before us has tried before, or may try again.</summary>
    public bool AreMade => Attempt > 1 || Left > 0;

    public static OuterRetries Of(RequestHead request) =>
        new(Math.Max(1, Number(request.Fields.Get(KnownField.XEnvoyAttemptCount))), Number(request.Fields.Get(KnownField.XPillionRetries)));

    /// <summary>Says in a request which try it is.</summary>
    /// <param name="retry">The retries made here so far.</param>
    /// <param name="left">How many may follow; null leaves out that part, which only Pillion knows.</param>
    public void Announce(RequestHead request, int retry, int? left)
    {
        Set(request.Fields, KnownField.XEnvoyAttemptCount, Attempt + retry);
        if (left is { } number)
        {
            Set(request.Fields, KnownField.XPillionRetries, number);
        }
    }

    public static void Set(FieldList fields, KnownField known, int number)
    {
        Span<byte> digits = stackalloc byte[11];
        Utf8Formatter.TryFormat(number, digits, out var length);
        fields.Set(known, digits[..length]);
    }

    private static int Number(ReadOnlySpan<byte> text) =>
        Utf8Parser.TryParse(text, out int number, out var used) && used == text.Length && number is > 0 and <= Most ? number : 0;
}
