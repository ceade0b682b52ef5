namespace Pillion.Core.Signals.Metrics;

/// <summary>
/// Counters by a word that code chooses (a kind of failure, a rule that was broken), never a client. One thread writes; room is bounded, and
/// what finds none is counted under <see cref="Overflow"/>.
/// </summary>
internal sealed class LabelledCounts(int capacity = 48)
{
    public const string Overflow = "_overflow";

    private readonly Entry?[] _entries = new Entry?[capacity];

    public bool IsEmpty => Volatile.Read(ref _entries[0]) is null;

    public void Count(string word, long by = 1)
    {
        for (var i = 0; i < _entries.Length; i++)
        {
            var entry = _entries[i];
            if (entry is null)
            {
                // The last place is for all that come too late. The write publishes the word together with its first count.
                Volatile.Write(ref _entries[i], new Entry(i == _entries.Length - 1 ? Overflow : word, by));
                return;
            }

            if (ReferenceEquals(entry.Word, word) || entry.Word == word || i == _entries.Length - 1)
            {
                entry.Count += by;
                return;
            }
        }
    }

    public void AddTo(SortedDictionary<string, long> sums)
    {
        foreach (ref var place in _entries.AsSpan())
        {
            if (Volatile.Read(ref place) is not { } entry)
            {
                return;
            }

            sums[entry.Word] = sums.GetValueOrDefault(entry.Word) + Volatile.Read(ref entry.Count);
        }
    }

    private sealed class Entry(string word, long count)
    {
        public readonly string Word = word;
        public long Count = count;
    }
}
