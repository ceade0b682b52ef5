using System.Text;
using Pillion.Core.Signals.AccessLog;
using Pillion.Core.Signals.Metrics;
using Pillion.Tests.Core.Signals.Logging;
using Xunit;

namespace Pillion.Tests.Core.Signals.AccessLog;

public sealed class AccessLogsTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("pillion").FullName;
    private readonly MetricRegistry _metrics = new(2, TimeProvider.System);
    private readonly MemoryLog _log = new();
    private readonly MemorySink _sink = new();

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Lines_of_all_loops_end_in_the_file_behind_what_was_there()
    {
        var path = Path.Combine(_directory, "access.log");
        File.WriteAllText(path, "before\n");
        using var logs = new AccessLogs(2, _metrics, _log);
        Assert.Null(logs.TryOpen(path));
        logs.Logger(path, LogFormat.Text("one %RESPONSE_CODE%"), 0).Write(Sample.Served(), null, null);
        logs.Logger(path, LogFormat.Text("two %RESPONSE_CODE%"), 1).Write(Sample.Served(), null, null);
        logs.Flush();
        Assert.Equal("before\none 200\ntwo 200\n", File.ReadAllText(path));
        Assert.Equal(2, _metrics.AccessLogs.Cells(path, _metrics.OffLoop).LinesWritten);
    }

    [Fact]
    public void A_rotated_file_is_left_and_a_new_one_begun()
    {
        var path = Path.Combine(_directory, "access.log");
        using var logs = new AccessLogs(1, _metrics, _log);
        var logger = logs.Logger(path, LogFormat.Text("%RESPONSE_CODE%"), 0);
        logger.Write(Sample.Served(), null, null);
        logs.Flush();
        File.Move(path, path + ".1");
        logger.Write(Sample.Served(), null, null);
        logs.Reopen();
        logs.Flush();
        logger.Write(Sample.Refused(), null, null);
        logs.Flush();
        Assert.Equal("200\n200\n", File.ReadAllText(path + ".1"));
        Assert.Equal("503\n", File.ReadAllText(path));
    }

    [Fact]
    public void A_file_cut_in_place_goes_on_at_its_start()
    {
        var path = Path.Combine(_directory, "access.log");
        using var logs = new AccessLogs(1, _metrics, _log);
        var logger = logs.Logger(path, LogFormat.Text("%RESPONSE_CODE%"), 0);
        logger.Write(Sample.Served(), null, null);
        logs.Flush();
        using (var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            file.SetLength(0);
        }

        logger.Write(Sample.Refused(), null, null);
        logs.Flush();
        Assert.Equal("503\n", File.ReadAllText(path));
    }

    [Fact]
    public void A_path_that_cannot_be_opened_says_so() =>
        Assert.Contains(_directory, new AccessLogs(1, _metrics, _log).TryOpen(Path.Combine(_directory, "none", "access.log")));

    [Fact]
    public void When_the_writer_does_not_keep_up_lines_are_dropped_and_counted()
    {
        var (logs, logger) = Memory(capacity: 64);
        for (var i = 0; i < 100; i++)
        {
            logger.Write(Sample.Served(), null, null);
        }

        logs.Flush();
        Assert.Equal(6, _sink.Lines);
        Assert.Equal(94, Dropped(LogDestination.QueueFull));
        logger.Write(Sample.Served(), null, null);
        logs.Flush();
        Assert.Equal(7, _sink.Lines);
    }

    [Fact]
    public void A_line_longer_than_the_queue_is_dropped_and_counted()
    {
        var (logs, _) = Memory(capacity: 64);
        logs.Logger("log", LogFormat.Text(new string('x', 65)), 0).Write(Sample.Served(), null, null);
        Assert.Equal(1, Dropped(LogDestination.TooLong));
    }

    [Fact]
    public void A_full_disk_is_reported_once_counted_and_recovered_from()
    {
        var (logs, logger) = Memory(capacity: 1024);
        _sink.Error = "No space left on device";
        for (var i = 0; i < 3; i++)
        {
            logger.Write(Sample.Served(), null, null);
            logs.Flush();
        }

        Assert.Equal(["Error: access log log cannot be written: No space left on device; its lines are dropped and counted until it can"], _log.Messages);
        Assert.Equal(3, Dropped(LogDestination.WriteError));
        _sink.Error = null;
        logger.Write(Sample.Served(), null, null);
        logs.Flush();
        Assert.Equal("Warning: access log log is written again; 3 lines were lost", _log.Messages[1]);
        Assert.Equal(1, _sink.Lines);
    }

    [Fact]
    public void A_device_that_is_full_takes_nothing_and_is_counted()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "the system has no /dev/full");
        using var logs = new AccessLogs(1, _metrics, _log);
        logs.Logger("/dev/full", LogFormat.Text("x"), 0).Write(Sample.Served(), null, null);
        logs.Flush();
        Assert.Equal(1, Dropped(LogDestination.WriteError, "/dev/full"));
        Assert.Contains("No space left", Assert.Single(_log.Messages));
    }

    [Fact]
    public void Written_and_dropped_add_up_under_load_and_no_line_is_torn()
    {
        const int Lines = 50_000;
        using var logs = new AccessLogs(2, _metrics, _log, capacity: 4096, open: _ => _sink);
        logs.Start();
        var loops = Enumerable.Range(0, 2).Select(loop =>
        {
            var logger = logs.Logger("log", LogFormat.Text(loop == 0 ? "<%BYTES_SENT%>" : "<%BYTES_SENT% some longer line %BYTES_SENT%>"), loop);
            var record = Sample.Served();
            var thread = new Thread(() =>
            {
                for (var i = 0; i < Lines; i++)
                {
                    record.BytesSent = i;
                    logger.Write(record, null, null);
                }
            });
            thread.Start();
            return thread;
        }).ToList();
        loops.ForEach(thread => thread.Join());
        Assert.True(logs.Stop(TimeSpan.FromSeconds(30)));

        var written = Encoding.ASCII.GetString(_sink.Bytes.ToArray()).TrimEnd('\n').Split('\n');
        Assert.All(written, line => Assert.Matches(@"^<\d+( some longer line \d+)?>$", line));
        Assert.Equal(written.Length, _metrics.AccessLogs.Cells("log", _metrics.OffLoop).LinesWritten);
        Assert.Equal(2 * Lines, written.Length + Dropped(LogDestination.QueueFull));
    }

    [Fact]
    public void Lines_that_came_during_a_write_do_not_wait_for_the_next_second()
    {
        using var logs = new AccessLogs(1, _metrics, _log, capacity: 64, interval: TimeSpan.FromHours(1), open: _ => _sink);
        var logger = logs.Logger("log", LogFormat.Text("1234567"), 0);
        var record = Sample.Served();
        using var written = new ManualResetEventSlim();
        _sink.OnWrite = () =>
        {
            // The first write sees two lines; five more fill the ring far beyond a quarter before they are taken.
            if (_sink.Lines == 2)
            {
                Add(5);
            }
            else if (_sink.Lines == 7)
            {
                written.Set();
            }
        };
        Add(2);
        logs.Start();
        Assert.True(written.Wait(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));

        void Add(int lines)
        {
            for (var i = 0; i < lines; i++)
            {
                logger.Write(record, null, null);
            }
        }
    }

    [Fact]
    public void Stop_writes_the_last_lines()
    {
        using var logs = new AccessLogs(1, _metrics, _log, interval: TimeSpan.FromHours(1), open: _ => _sink);
        logs.Start();
        logs.Logger("log", LogFormat.Text("x"), 0).Write(Sample.Served(), null, null);
        Assert.True(logs.Stop(TimeSpan.FromSeconds(30)));
        Assert.Equal(1, _sink.Lines);
    }

    [Fact]
    public void Logging_a_request_allocates_nothing()
    {
        var (_, logger) = Memory(capacity: 1024);
        var record = Sample.Served();
        Assert.Equal(0, Allocations.Of(() => logger.Write(record, null, null)));
    }

    private (AccessLogs Logs, AccessLogger Logger) Memory(int capacity)
    {
        var logs = new AccessLogs(1, _metrics, _log, capacity, open: _ => _sink);
        return (logs, logs.Logger("log", LogFormat.Text("line %RESPONSE_CODE% "), 0));
    }

    private long Dropped(string reason, string path = "log")
    {
        var sums = new SortedDictionary<string, long>();
        for (var loop = 0; loop <= 2; loop++)
        {
            _metrics.AccessLogs.Cells(path, loop).Dropped.AddTo(sums);
        }

        return sums.GetValueOrDefault(reason);
    }

    private sealed class MemorySink : ILineSink
    {
        public MemoryStream Bytes { get; } = new();

        public string? Error { get; set; }

        public Action? OnWrite { get; set; }

        public long Lines { get; private set; }

        public long Write(ReadOnlyMemory<byte> first, ReadOnlyMemory<byte> second, out string? error)
        {
            error = Error;
            if (error is not null)
            {
                return 0;
            }

            Bytes.Write(first.Span);
            Bytes.Write(second.Span);
            var lines = FileSink.Lines(first.Span) + FileSink.Lines(second.Span);
            Lines += lines;
            OnWrite?.Invoke();
            return lines;
        }

        public void Dispose()
        {
        }
    }
}
