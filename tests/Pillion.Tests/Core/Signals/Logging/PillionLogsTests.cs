using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Pillion.Core.Signals.Logging;
using Pillion.Tests.Core.Signals.Metrics;
using Xunit;

namespace Pillion.Tests.Core.Signals.Logging;

public sealed partial class PillionLogsTests
{
    private readonly MemoryStream _output = new();
    private readonly LogLevels _levels = new(LogLevel.Information);

    [Fact]
    public void A_message_is_one_readable_line()
    {
        Assert.Equal("2026-11-23T10:00:00.000Z info  listener inbound bound to 127.0.0.1:15006\n", Logged(logs => LogBound(logs.CreateLogger("listener"), "inbound", "127.0.0.1:15006")));
    }

    [Fact]
    public void A_name_from_outside_cannot_begin_a_line() =>
        Assert.Equal(1, Logged(logs => LogBound(logs.CreateLogger("listener"), "a\n2026 forged\u001b[1m", "x")).Count(c => c is '\n' or '\u001b'));

    [Fact]
    public void Json_carries_the_values_apart()
    {
        using var json = JsonDocument.Parse(Logged(logs => LogBound(logs.CreateLogger("listener"), "in\"bound", "127.0.0.1:15006"), LogLayout.Json));
        Assert.Equal("info", json.RootElement.GetProperty("level").GetString());
        Assert.Equal("in\"bound bound to 127.0.0.1:15006", json.RootElement.GetProperty("message").GetString());
        Assert.Equal("in\"bound", json.RootElement.GetProperty("name").GetString());
        Assert.Equal("LogBound", json.RootElement.GetProperty("event").GetString());
    }

    [Fact]
    public void Levels_change_while_it_runs()
    {
        var text = Logged(logs =>
        {
            var listener = logs.CreateLogger("listener");
            var upstream = logs.CreateLogger("upstream");
            listener.LogDebug("not yet");
            Assert.True(_levels.TrySet("listener", LogLevel.Debug));
            listener.LogDebug("now");
            upstream.LogDebug("not here");
            _levels.SetAll(LogLevel.Error);
            listener.LogWarning("no more");
            upstream.LogError("always");
        });
        Assert.Equal(["debug listener now", "error upstream always"], text.TrimEnd().Split('\n').Select(line => line[25..].Replace("  ", " ")));
        Assert.False(_levels.TrySet("nobody", LogLevel.Debug));
        Assert.Equal([("listener", LogLevel.Error), ("upstream", LogLevel.Error)], _levels.All());
    }

    [Theory]
    [InlineData("debug", LogLevel.Debug)]
    [InlineData("WARN", LogLevel.Warning)]
    [InlineData("warning", LogLevel.Warning)]
    [InlineData("off", LogLevel.None)]
    public void Levels_are_read_as_people_write_them(string text, LogLevel expected)
    {
        Assert.True(LogLevels.TryRead(text, out var level));
        Assert.Equal(expected, level);
    }

    [Fact]
    public void An_unknown_level_is_not_read() => Assert.False(LogLevels.TryRead("loud", out _));

    [Fact]
    public void Messages_that_nobody_reads_are_dropped_and_counted()
    {
        using var blocked = new BlockedStream();
        using (var writer = new LogWriter(blocked, capacity: 2))
        {
            writer.Write([(byte)'\n']);
            blocked.Entered.Wait(TestContext.Current.CancellationToken);
            for (var i = 0; i < 10; i++)
            {
                writer.Write([(byte)'\n']);
            }

            Assert.InRange(writer.Dropped, 7, 8);
            blocked.Release.Set();
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Name} bound to {Address}")]
    private static partial void LogBound(ILogger logger, string name, string address);

    private string Logged(Action<PillionLogs> act, LogLayout layout = LogLayout.Text)
    {
        using (var logs = new PillionLogs(_levels, layout, new LogWriter(_output), new HandClock()))
        {
            act(logs);
        }

        return Encoding.UTF8.GetString(_output.ToArray());
    }

    private sealed class BlockedStream : MemoryStream
    {
        public ManualResetEventSlim Entered { get; } = new();

        public ManualResetEventSlim Release { get; } = new();

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            Entered.Set();
            Release.Wait();
        }
    }
}
