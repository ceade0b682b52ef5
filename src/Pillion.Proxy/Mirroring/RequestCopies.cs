using Pillion.Proxy.Forwarding;
using Pillion.Proxy.Routing;

namespace Pillion.Proxy.Mirroring;

/// <summary>The copies of one request while it is being received: they leave when its last byte is here.</summary>
internal sealed class RequestCopies(Exchange exchange, RequestBody body)
{
    // A copy is not waited for without end, where the route itself does.
    private static readonly TimeSpan UsualTimeout = TimeSpan.FromSeconds(15);

    private readonly List<MirroredRequest> _waiting = [];

    /// <summary>Bytes of the body that have to be kept for them.</summary>
    public int RetainBytes { get; private set; }

    /// <summary>Copies the head for the mirrors that want it, as it is before any upstream's own part in it.</summary>
    public void Begin(ForwardAction action)
    {
        RetainBytes = 0;
        foreach (var mirror in action.Mirrors)
        {
            if (!mirror.Wants(exchange.Loop.Random) || !exchange.Snapshot.Clusters.TryGetValue(mirror.Config.Cluster, out var cluster))
            {
                continue;
            }

            if (exchange.Loop.Mirrors.TryRent(cluster.On(exchange.Loop).Metrics) is not { } copy)
            {
                Tell(mirror, "not copied: shed, or too many copies are on their way");
                continue;
            }

            copy.Begin(mirror, cluster, exchange.Request, action.Timeout > TimeSpan.Zero ? action.Timeout : UsualTimeout);
            _waiting.Add(copy);
            RetainBytes = Math.Max(RetainBytes, mirror.Config.MaxBodyBytes);
        }
    }

    /// <summary>The request has ended: what can be copied is sent, and what cannot is counted.</summary>
    public void Send()
    {
        foreach (var copy in _waiting)
        {
            if (!body.IsReceived)
            {
                Drop(copy, MirrorDrop.Incomplete, "not copied: the request did not come to its end");
            }
            else if (!body.Retained.IsComplete || body.Retained.Length > copy.Mirror.Config.MaxBodyBytes)
            {
                Drop(copy, MirrorDrop.BodyTooLarge, "not copied: its body is larger than what is kept for that");
            }
            else
            {
                Tell(copy.Mirror, copy.Mirror.Copied);
                copy.Send(body.Retained);
            }
        }

        _waiting.Clear();
    }

    private void Drop(MirroredRequest copy, string why, string told)
    {
        Tell(copy.Mirror, told);
        copy.Drop(why);
    }

    private void Tell(Mirror mirror, string outcome) => exchange.Record.AddVerdict("mirror", outcome, mirror.Config.Source);
}
