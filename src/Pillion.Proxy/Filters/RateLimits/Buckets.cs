namespace Pillion.Proxy.Filters.RateLimits;

/// <summary>The live buckets of one limit, shared by all loops.</summary>
internal abstract class Buckets
{
    /// <param name="key">Whose bucket; ignored where there is one.</param>
    public abstract Taken Take(ulong key, long now);

    public abstract void GiveBack(in Taken taken);

    public static Buckets Make(RateConfig config, bool isKeyed) => isKeyed ? new KeyedBuckets(new BucketShape(config), config.Keys) : new OneBucket(new BucketShape(config));
}

/// <summary>A bucket that all requests share.</summary>
internal sealed class OneBucket(BucketShape shape) : Buckets
{
    private long _full;

    public override Taken Take(ulong key, long now) => shape.Take(ref _full, now);

    public override void GiveBack(in Taken taken) => shape.GiveBack(ref _full);
}
