using System.Globalization;
using System.Net.Sockets;

namespace Pillion.Load;

/// <summary>Connections that have done one request each and then say nothing: what a sidecar holds most of the time.</summary>
internal static class IdleConnections
{
    public static int Run(Target target, int count)
    {
        var held = new List<Wire>(count);
        for (var i = 0; i < count; i++)
        {
            var wire = Wire.Connect(target);
            wire.Send(target.Request);
            if (new ResponseReader(wire).Read() != 200)
            {
                throw new IOException(string.Create(CultureInfo.InvariantCulture, $"connection {i} was not answered with 200"));
            }

            held.Add(wire);
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"holding {held.Count}"));
        while (Console.Read() >= 0)
        {
            // Held until the other side of the pipe is closed.
        }

        // One that was closed meanwhile would make the figure per connection a lie.
        var alive = held.Count(static wire => !(wire.Socket.Poll(0, SelectMode.SelectRead) && wire.Socket.Available == 0));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"alive {alive}"));
        return alive == count ? 0 : 1;
    }
}
