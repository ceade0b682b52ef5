using System.Text;
using Pillion.Core.Resilience;
using Pillion.Core.Signals;
using Xunit;

namespace Pillion.Tests.Core.Signals;

public sealed class ExplanationsTests
{
    [Fact]
    public void A_refused_connection_names_endpoint_cause_attempts_and_line() => Assert.Equal(
        "Pillion answered 503: the upstream at 10.0.0.1:8080 refused the connection (Connection refused), in 2 attempts; nothing listens there"
        + "; route orders-all (pillion.yaml:14: outbound.services.orders).",
        Explanations.Sentence(Sample.Refused()));

    [Fact]
    public void The_application_is_called_the_application()
    {
        var record = Sample.Refused();
        record.UpstreamIsApplication = true;
        Assert.Contains("the application at 10.0.0.1:8080 refused", Explanations.Sentence(record));
    }

    [Fact]
    public void A_served_request_is_told_in_one_sentence() =>
        Assert.Equal("The upstream at 10.0.0.1:8080 answered 200 in 7.899 ms.", Explanations.Sentence(Sample.Served()));

    [Fact]
    public void A_request_that_a_retry_saved_says_so()
    {
        var record = Sample.Served();
        record.AddAttempt();
        Assert.Equal("The upstream at 10.0.0.1:8080 answered 200 in 7.899 ms after 1 failed attempt.", Explanations.Sentence(record));
    }

    [Fact]
    public void An_answer_cut_short_is_not_called_Pillions()
    {
        var record = Sample.Served();
        record.Failure = new Failure(FailureSide.Upstream, FailureKind.ConnectionTerminated, SentAnything: true, Reused: true, ReceivedAnything: true);
        Assert.StartsWith("The answer 200 was cut short: the upstream at 10.0.0.1:8080 closed the reused connection before", Explanations.Sentence(record));
    }

    [Fact]
    public void Every_kind_makes_a_whole_sentence_even_of_an_empty_record()
    {
        foreach (var kind in Enum.GetValues<FailureKind>())
        {
            foreach (var record in new[] { new RequestRecord(), Sample.Served(), Sample.Refused() })
            {
                record.Failure = new Failure(FailureSide.Upstream, kind);
                var sentence = Explanations.Sentence(record);
                Assert.EndsWith(".", sentence);
                Assert.DoesNotContain(sentence, c => c is '{' or '}' or '[' or ']');
                Assert.DoesNotContain("  ", sentence);
            }
        }
    }

    [Fact]
    public void A_placeholder_that_nobody_fills_would_be_seen()
    {
        foreach (var kind in Enum.GetValues<FailureKind>())
        {
            var record = Sample.Refused();
            record.Failure = new Failure(FailureSide.Downstream, kind, Cause: "why");
            Assert.DoesNotContain("(unknown)", Explanations.Sentence(record));
        }
    }

    [Fact]
    public void Writing_a_sentence_allocates_nothing()
    {
        var record = Sample.Refused();
        var line = new LineBuffer(1024);
        Assert.Equal(0, Allocations.Of(() =>
        {
            line.Clear();
            Explanations.Write(line, record);
        }));
    }

    [Theory]
    [InlineData(ResponseFlags.None, "-")]
    [InlineData(ResponseFlags.UF, "UF")]
    [InlineData(ResponseFlags.URX | ResponseFlags.UF, "UF,URX")]
    [InlineData(ResponseFlags.DF | ResponseFlags.UH, "UH,DF")]
    internal void Flags_are_Envoys_abbreviations(ResponseFlags flags, string text) => Assert.Equal(text, ResponseFlagText.ToText(flags));

    [Fact]
    public void Every_flag_has_its_name()
    {
        var flags = Enum.GetValues<ResponseFlags>().Where(f => f != ResponseFlags.None).ToArray();
        Assert.Equal(flags.Length, ResponseFlagText.Count);
        Assert.All(flags, flag => Assert.Equal(flag.ToString(), ResponseFlagText.ToText(flag)));
    }

    [Theory]
    [InlineData(null, "pillion; error=connection_refused")]
    [InlineData("Connection refused", "pillion; error=connection_refused; details=\"Connection refused\"")]
    [InlineData("a \"b\" \\ c", "pillion; error=connection_refused; details=\"a \\\"b\\\" \\\\ c\"")]
    [InlineData("line\r\nbreak é", "pillion; error=connection_refused; details=\"line??break ?\"")]
    public void Proxy_status_is_a_structured_field(string? cause, string expected)
    {
        Span<byte> bytes = stackalloc byte[ProxyStatus.MaxBytes];
        var length = ProxyStatus.Write(bytes, new Failure(FailureSide.Upstream, FailureKind.ConnectRefused, Cause: cause));
        Assert.Equal(expected, Encoding.ASCII.GetString(bytes[..length]));
    }

    [Fact]
    public void Proxy_status_fits_its_room_whatever_the_cause()
    {
        var bytes = new byte[ProxyStatus.MaxBytes];
        foreach (var kind in Enum.GetValues<FailureKind>())
        {
            var length = ProxyStatus.Write(bytes, new Failure(FailureSide.Upstream, kind, Cause: new string('"', 5000)), 502);
            Assert.InRange(length, 1, ProxyStatus.MaxBytes);
            Assert.Equal((byte)'"', bytes[length - 1]);
            Assert.Contains("received-status=502", Encoding.ASCII.GetString(bytes, 0, length));
        }
    }
}
