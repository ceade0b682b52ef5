
namespace Pillion.Proxy.Clusters.Balancing;

/// <summary>The table of <see cref="Maglev"/>.</summary>
internal sealed class MaglevTable(int[] owners) : EndpointTable
{
    /// <param name="size">A prime: only then does every step reach every place.</param>
    public static MaglevTable Build(EndpointSet set, Func<Endpoint, byte[]> key, int size)
    {
        var owners = new int[size];
        Array.Fill(owners, -1);
        var heaviest = Enumerable.Range(0, set.Count).Max(i => set.Weight(i));
        var steps = new (int Owner, ulong Offset, ulong Skip, ulong Next, double Due)[set.Count];

        // By their keys: who comes first gets a place that two want, and must not depend on an order in which the endpoints happen to be listed.
        var names = Enumerable.Range(0, set.Count).Select(i => (Key: key(set[i]), Owner: i)).ToArray();
        Array.Sort(names, static (one, other) => one.Key.AsSpan().SequenceCompareTo(other.Key));
        for (var i = 0; i < names.Length; i++)
        {
            var name = names[i].Key;
            steps[i] = (names[i].Owner, XxHash64.Of(name) % (ulong)size, (XxHash64.Of(name, seed: 1) % (ulong)(size - 1)) + 1, 0, 0);
        }

        var taken = 0;
        for (var turn = 1L; taken < size; turn++)
        {
            for (var i = 0; i < steps.Length && taken < size; i++)
            {
                // Lighter ones miss turns.
                ref var step = ref steps[i];
                var weight = set.Weight(step.Owner);
                if (weight <= 0 || turn * weight < step.Due)
                {
                    continue;
                }

                step.Due += heaviest;
                ulong place;
                do
                {
                    place = (step.Offset + (step.Skip * step.Next++)) % (ulong)size;
                }
                while (owners[place] >= 0);

                owners[place] = step.Owner;
                taken++;
            }
        }

        return new(owners);
    }

    public override int Find(ulong hash) => owners[hash % (ulong)owners.Length];

    public override int[] CountPlaces(int endpoints)
    {
        var places = new int[endpoints];
        foreach (var owner in owners)
        {
            places[owner]++;
        }

        return places;
    }
}
