using System.Threading.Channels;
using Pillion.Commands;

namespace Pillion.Watching;

/// <summary>The table on a terminal, drawn again with each interval, with its keys; the terminal is left as it was found.</summary>
internal sealed class TopScreen(CommandIo io, TopOrder order)
{
    private const string Enter = "\e[?1049h\e[?25l";
    private const string Leave = "\e[?25h\e[?1049l";

    private readonly Channel<char> _keys = Channel.CreateBounded<char>(new BoundedChannelOptions(8) { FullMode = BoundedChannelFullMode.DropWrite });
    private TopOrder _order = order;
    private bool _isPaused;

    public async Task<int> RunAsync(AdminLines lines, CancellationToken cancellationToken)
    {
        ReadKeys();
        io.Out.Write(Enter);
        try
        {
            string? last = null;
            var next = lines.NextAsync(cancellationToken);
            Draw(last);
            Task<bool>? key = null;
            while (true)
            {
                key ??= _keys.Reader.WaitToReadAsync(cancellationToken).AsTask();
                await Task.WhenAny(next, key).ConfigureAwait(false);
                while (_keys.Reader.TryRead(out var pressed))
                {
                    if (!Press(pressed))
                    {
                        return ExitCodes.Success;
                    }

                    Draw(last);
                }

                key = key.IsCompleted ? null : key;
                if (next.IsCompleted)
                {
                    var line = await next.ConfigureAwait(false);
                    if (line is null)
                    {
                        break;
                    }

                    next = lines.NextAsync(cancellationToken);
                    if (!_isPaused)
                    {
                        last = line;
                        Draw(last);
                    }
                }
            }
        }
        finally
        {
            io.Out.Write(Leave);
            io.Out.Flush();
        }

        return cancellationToken.IsCancellationRequested ? ExitCodes.Success : io.Fail("the sidecar is gone", ExitCodes.Failure);
    }

    // False ends it. Ctrl+C comes as a key, so that the terminal is given back first.
    private bool Press(char key)
    {
        switch (key)
        {
            case 'q' or 'Q' or '\x03':
                return false;
            case 's' or 'S':
                _order = TopOrders.Next(_order);
                break;
            case 'p' or 'P':
                _isPaused = !_isPaused;
                break;
        }

        return true;
    }

    private void Draw(string? line)
    {
        var (width, height) = Size();
        var table = line is null ? "waiting for the first numbers\n" : TopTable.Text(line, _order, io.Ink, width, height - 2);
        var keys = io.Ink.Faint($"q quit   s sort (by {TopOrders.All.NameOf(_order)})   p {(_isPaused ? "go on" : "pause")}");
        io.Out.Write("\e[H" + (table + keys).Replace("\n", "\e[K\n", StringComparison.Ordinal) + "\e[K\e[J");
        io.Out.Flush();
    }

    private static (int Width, int Height) Size()
    {
        try
        {
            return (Math.Max(40, Console.WindowWidth), Math.Max(6, Console.WindowHeight));
        }
        catch (IOException)
        {
            return (120, 40);
        }
    }

    // Where nothing can be typed the table is shown all the same, until it is interrupted.
    private void ReadKeys()
    {
        if (Console.IsInputRedirected)
        {
            return;
        }

        Console.TreatControlCAsInput = true;
        new Thread(() =>
        {
            while (true)
            {
                var key = Console.ReadKey(intercept: true);
                _keys.Writer.TryWrite(key is { Key: ConsoleKey.C, Modifiers: ConsoleModifiers.Control } ? '\x03' : key.KeyChar);
            }
        })
        { IsBackground = true, Name = "keys" }.Start();
    }
}
