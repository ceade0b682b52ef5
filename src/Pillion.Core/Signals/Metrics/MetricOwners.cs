namespace Pillion.Core.Signals.Metrics;

/// <summary>
/// The cells of one scope: for each owner one object per loop, which that loop alone writes, so that counting is a plain increment. A scrape
/// reads them as they are and sums. The same name gets the same cells again after a reload; cells vanish a while after their owner has gone.
/// </summary>
internal sealed class MetricOwners<TCells>(
    string name,
    string label,
    string envoyLabel,
    IEnumerable<Metric<TCells>> metrics,
    int loops,
    TimeProvider time,
    int capacity = MetricOwners<TCells>.DefaultCapacity,
    string? ownPrefix = null,
    string? secondLabel = null) : MetricScope(name, label, envoyLabel, ownPrefix, secondLabel)
    where TCells : class, new()
{
    /// <summary>Owners of one scope; all further ones share <see cref="LabelledCounts.Overflow"/>.</summary>
    public const int DefaultCapacity = 1000;

    /// <summary>How long a gone owner's last values can still be scraped.</summary>
    public static readonly TimeSpan Afterlife = TimeSpan.FromMinutes(10);

    private readonly Lock _lock = new();
    private readonly Metric<TCells>[] _metrics = [.. metrics];
    private readonly SortedDictionary<string, Owner> _owners = new(StringComparer.Ordinal);
    private Owner? _overflow;

    /// <summary>Owners that found no room and are counted together; for as long as the process lives.</summary>
    public long Folded { get; private set; }

    /// <summary>The cells of an owner for one loop. Called when a configuration is prepared, never per request.</summary>
    public TCells Cells(string owner, int loop)
    {
        lock (_lock)
        {
            return OwnerUnderLock(owner).Cells[loop];
        }
    }

    /// <summary>Says which owners exist now; the others are forgotten after <see cref="Afterlife"/>.</summary>
    public void Retain(IReadOnlySet<string> live)
    {
        lock (_lock)
        {
            var now = time.GetTimestamp();
            foreach (var (owner, cells) in _owners)
            {
                cells.GoneSince = live.Contains(owner) ? null : cells.GoneSince ?? now;
            }
        }
    }

    public override IEnumerable<MetricFamily> Collect(bool usedOnly)
    {
        (string Name, Owner Owner)[] owners;
        lock (_lock)
        {
            ForgetUnderLock();
            owners = [.. _owners.Select(pair => (pair.Key, pair.Value))];
            if (_overflow is not null)
            {
                owners = [.. owners, (LabelledCounts.Overflow, _overflow)];
            }
        }

        foreach (var (_, owner) in owners)
        {
            owner.IsUsed = owner.IsUsed || Array.Exists(_metrics, metric => IsUsed(metric, owner));
        }

        MetricFamily? family = null;
        foreach (var metric in _metrics)
        {
            if (family is not null && family.Name != metric.Name)
            {
                yield return family;
                family = null;
            }

            family ??= new MetricFamily
            {
                Scope = this, Name = metric.Name, Kind = metric.Kind, Help = metric.Help, OwnName = metric.OwnName, IsEnvoys = metric.IsEnvoys,
                Label = metric.Label,
            };
            foreach (var (ownerName, owner) in owners)
            {
                if (!usedOnly || owner.IsUsed)
                {
                    Add(family, metric, ownerName, owner, usedOnly);
                }
            }
        }

        if (family is not null)
        {
            yield return family;
        }
    }

    private static void Add(MetricFamily family, Metric<TCells> metric, string name, Owner owner, bool usedOnly)
    {
        var dotted = metric.DottedName ?? metric.Name;
        if (metric.Histogram is { } histogram)
        {
            var buckets = new long[DurationHistogram.Bounds.Length + 1];
            long sum = 0;
            var native = new long[NativeBuckets.Count];
            long zeros = 0;
            Exemplar[]? exemplars = null;
            foreach (var cells in owner.Cells)
            {
                histogram(cells).AddTo(buckets, ref sum);
                histogram(cells).AddNativeTo(native, ref zeros);
                histogram(cells).AddTo(ref exemplars);
            }

            if (!usedOnly || buckets.Any(count => count > 0))
            {
                family.Series.Add(new(name, null, null, dotted, 0, buckets, sum) { Native = new NativeHistogram(native, zeros), Exemplars = exemplars });
            }

            return;
        }

        if (metric.Labelled is { } labelled)
        {
            var sums = new SortedDictionary<string, long>(StringComparer.Ordinal);
            foreach (var cells in owner.Cells)
            {
                labelled(cells).AddTo(sums);
            }

            foreach (var (word, count) in sums)
            {
                family.Series.Add(new(name, metric.Label, word, $"{dotted}.{word}", count));
            }

            return;
        }

        // A gauge of an owner in use is shown at zero too: that nothing is open is an answer.
        var value = owner.Cells.Sum(metric.Value!);
        if (!usedOnly || value != 0 || metric.Kind == MetricKind.Gauge)
        {
            family.Series.Add(new(name, metric.Label, metric.LabelValue, dotted, value));
        }
    }

    private static bool IsUsed(Metric<TCells> metric, Owner owner) =>
        metric.Value is { } value ? Array.Exists(owner.Cells, cells => value(cells) != 0) :
        metric.Labelled is { } labelled && Array.Exists(owner.Cells, cells => !labelled(cells).IsEmpty);

    private Owner OwnerUnderLock(string owner)
    {
        if (_owners.TryGetValue(owner, out var known))
        {
            known.GoneSince = null;
            return known;
        }

        if (_owners.Count >= capacity)
        {
            Folded++;
            return _overflow ??= NewOwner();
        }

        return _owners[owner] = NewOwner();
    }

    private Owner NewOwner() => new([.. Enumerable.Range(0, loops).Select(_ => new TCells())]);

    private void ForgetUnderLock()
    {
        var gone = _owners.Where(pair => pair.Value.GoneSince is { } since && time.GetElapsedTime(since) >= Afterlife).Select(pair => pair.Key).ToList();
        foreach (var name in gone)
        {
            _owners.Remove(name);
        }
    }

    private sealed class Owner(TCells[] cells)
    {
        public readonly TCells[] Cells = cells;

        /// <summary>Has counted something once; never taken back.</summary>
        public bool IsUsed;

        /// <summary>When the configuration ceased to name it.</summary>
        public long? GoneSince;
    }
}
