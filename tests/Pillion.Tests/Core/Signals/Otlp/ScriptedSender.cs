using System.Text.Json.Nodes;
using Pillion.Core.Signals.Otlp;
using Pillion.Tests.Support;

namespace Pillion.Tests.Core.Signals.Otlp;

/// <summary>A collector that answers as it is told, and decodes what it takes.</summary>
internal sealed class ScriptedSender : IOtlpSender
{
    public Func<OtlpSignal, Task<OtlpAnswer>> Answer { get; set; } = _ => Task.FromResult(new OtlpAnswer(OtlpOutcome.Accepted));

    public List<(OtlpSignal Signal, JsonObject Message)> Taken { get; } = [];

    public int Tries { get; private set; }

    public async Task<OtlpAnswer> SendAsync(OtlpConfig to, OtlpSignal signal, ReadOnlyMemory<byte> message, CancellationToken stop)
    {
        Tries++;
        var answer = await Answer(signal);
        if (answer.Outcome == OtlpOutcome.Accepted)
        {
            lock (Taken)
            {
                Taken.Add((signal, OtlpSchema.Decode(signal, message.Span)));
            }
        }

        return answer;
    }
}
