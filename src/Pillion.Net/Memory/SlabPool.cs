using System.Runtime.InteropServices;

namespace Pillion.Net.Memory;

/// <summary>
/// A loop's buffers: native memory in four sizes, kept in free lists up to a bound so that a burst does not stay resident.
/// Not thread-safe: one loop, one pool.
/// </summary>
internal sealed unsafe class SlabPool : IDisposable
{
    public const int Small = 4 * 1024;
    public const int Medium = 32 * 1024;
    public const int Large = 64 * 1024;
    public const int Huge = 256 * 1024;

    // Arrays, not spans over constants: in unoptimized code each look at such a span allocates, and the allocation tests run on that, too.
    private static readonly int[] Sizes = [Small, Medium, Large, Huge];

    // Kept free: 1 MiB of small ones, 1 MiB of medium ones, 512 KiB of large ones, 1 MiB of huge ones.
    private static readonly int[] Kept = [256, 32, 8, 4];

    // Lent at once by RentUpTo: 8 MiB of each size. A thousand receivers that have stopped to read must not hold a Huge slab each.
    private static readonly int[] MaxLent = [int.MaxValue, 256, 128, 32];

    private readonly int[] _lent = new int[5];
    private readonly Slab?[] _free = new Slab?[4];
    private readonly int[] _freeCount = new int[4];

    /// <summary>Slabs lent out and not yet back.</summary>
    public int Rented { get; private set; }

    /// <summary>The smallest slab that holds so many bytes, empty. More than <see cref="Huge"/> bytes get a slab of their own.</summary>
    public Slab Rent(int size = Small)
    {
        Rented++;
        var sizeClass = size <= Small ? 0 : size <= Medium ? 1 : size <= Large ? 2 : size <= Huge ? 3 : 4;
        _lent[sizeClass]++;
        if (sizeClass < 4 && _free[sizeClass] is { } slab)
        {
            _free[sizeClass] = slab.NextFree;
            _freeCount[sizeClass]--;
            slab.NextFree = null;
        }
        else
        {
            var capacity = sizeClass < 4 ? Sizes[sizeClass] : size;
            slab = new Slab((byte*)NativeMemory.Alloc((nuint)capacity), capacity, sizeClass);
        }

        slab.IsRented = true;
        return slab;
    }

    /// <summary>A slab of so many bytes, or a smaller one while many of that size are lent: for bytes that need not be together.</summary>
    public Slab RentUpTo(int size)
    {
        var sizeClass = Sizes.Length - 1;
        while (sizeClass > 0 && (Sizes[sizeClass] > size || _lent[sizeClass] >= MaxLent[sizeClass]))
        {
            sizeClass--;
        }

        return Rent(Sizes[sizeClass]);
    }

    /// <summary>Takes a slab back; giving one back twice is a bug and throws.</summary>
    public void Return(Slab slab)
    {
        if (!slab.IsRented)
        {
            throw new InvalidOperationException("a slab was given back twice");
        }

        Rented--;
        slab.IsRented = false;
        slab.Clear();
        var sizeClass = slab.SizeClass;
        _lent[sizeClass]--;
        if (sizeClass < 4 && _freeCount[sizeClass] < Kept[sizeClass])
        {
            slab.NextFree = _free[sizeClass];
            _free[sizeClass] = slab;
            _freeCount[sizeClass]++;
        }
        else
        {
            NativeMemory.Free(slab.Memory);
        }
    }

    /// <summary>Moves what is filled into a slab of at least so many bytes (and never fewer than are filled) and gives the old one back.</summary>
    public Slab Grow(Slab slab, int size)
    {
        var larger = Rent(Math.Max(size, slab.Length));
        larger.TryAppend(slab.Filled);
        Return(slab);
        return larger;
    }

    public void Dispose()
    {
        for (var i = 0; i < _free.Length; i++)
        {
            for (var slab = _free[i]; slab is not null; slab = slab.NextFree)
            {
                NativeMemory.Free(slab.Memory);
            }

            _free[i] = null;
            _freeCount[i] = 0;
        }
    }
}
