using System.Runtime.CompilerServices;
using Pillion.Net.Loop;
using Pillion.Net.Memory;
using Pillion.Net.Sockets;

namespace Pillion.Net.Detection;

/// <summary>
/// Reads the first bytes of a connection to tell what it is, and puts them back for whoever reads next. A connection that has said nothing holds no
/// buffer meanwhile.
/// </summary>
internal static class Detector
{
    /// <summary>Looks at a connection from which nothing has been received yet.</summary>
    /// <param name="deadline">Bounds all of it, besides the times of the settings.</param>
    /// <param name="memory">Where the server is known to speak first, a silent client is waited for only for <see cref="DetectionSettings.RememberedTimeout"/>; one that
    /// speaks after all corrects it.</param>
    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    public static async ValueTask<Detected> DetectAsync(
        Connection connection, DetectionSettings settings, Deadline deadline = default, DetectionMemory? memory = null)
    {
        var look = new FirstBytes(settings);
        var limit = deadline;
        Slab? slab = null;
        while (true)
        {
            if (look.TryDecide(ref slab, connection, out var detected))
            {
                if (look.IsRemembered && detected.BytesSeen > 0)
                {
                    memory!.Forget(connection.Local);
                }

                return detected;
            }

            if (look.Stage != look.StageOfLimit)
            {
                look.IsRemembered |= look.Stage == DetectionStage.FirstByte && memory?.ServerSpeaksFirst(connection.Local) == true;
                limit = Deadline.After(connection.Loop, look.Timeout).Or(deadline);
                look.StageOfLimit = look.Stage;
            }

            var result = slab is null ? await connection.WaitReadableAsync(limit) : IoResult.Done(0);
            if (result.IsOk)
            {
                slab ??= connection.Loop.Slabs.Rent();
                slab = MakeRoom(slab, connection.Loop.Slabs);
                result = await connection.ReceiveAsync(slab, limit);
            }

            if (!result.IsOk || result.Count == 0)
            {
                return look.Conclude(result, ref slab, connection);
            }
        }
    }

    private static Slab MakeRoom(Slab slab, SlabPool slabs)
    {
        if (!slab.Free.IsEmpty)
        {
            return slab;
        }

        if (slab.Start > 0)
        {
            slab.Compact();
            return slab;
        }

        return slabs.Grow(slab, slab.Capacity * 2);
    }
}
