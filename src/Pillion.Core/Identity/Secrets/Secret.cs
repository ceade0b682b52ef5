using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Pillion.Core.Configuration.Files;
using Pillion.Core.Signals.Metrics;

namespace Pillion.Core.Identity.Secrets;

/// <summary>A secret whose files are watched, whatever it is made of.</summary>
internal abstract class Secret
{
    public static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    /// <summary>Configurations that use it now; kept by <see cref="SecretStore"/> under its lock.</summary>
    public int Users { get; set; }

    public abstract string Name { get; }

    /// <summary>Null for what does not end by itself.</summary>
    public abstract CertificateLife? Life { get; }

    /// <summary>Looks whether the files have changed; called about each second, by one caller at a time.</summary>
    public abstract void Look();
}

/// <summary>
/// What stood in some files when they were last good. A replacement is taken once it is whole and good; until then, and for good where it never is,
/// the one from before stays.
/// </summary>
internal sealed partial class Secret<T> : Secret
    where T : class
{
    // A chain and its key are replaced one after the other by a script, at once by a symbolic link: in between they do not fit.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    // Stamps tell nothing where a file system keeps times by the second and the size is the same: now and then the content itself is compared.
    private static readonly TimeSpan RereadInterval = TimeSpan.FromSeconds(30);

    private readonly SecretSource<T> _source;
    private readonly TimeProvider _time;
    private readonly SecretMetrics _metrics;
    private readonly ILogger _logger;
    private readonly FileWatch _watch;
    private readonly ExpiryWatch _expiry;
    private volatile Content _current;
    private DateTimeOffset _nextRead;
    private DateTimeOffset? _failingSince;
    private byte[] _refused = [];

    private Secret(SecretSource<T> source, FileWatch watch, Content first, TimeProvider time, SecretMetrics metrics, ILogger logger)
    {
        _source = source;
        _watch = watch;
        _current = first;
        _time = time;
        _metrics = metrics;
        _logger = logger;
        _nextRead = time.GetUtcNow() + RereadInterval;
        _expiry = new ExpiryWatch(logger);
    }

    /// <summary>Told after <see cref="Current"/> has changed, on a thread of the pool.</summary>
    public event Action? Changed;

    public override string Name => _source.Name;

    /// <summary>The newest good one. Another object each time it changes.</summary>
    public T Current => _current.Value;

    public override CertificateLife? Life => _current.Life;

    /// <summary>Null when the files make no good secret to begin with.</summary>
    public static Secret<T>? TryOpen(SecretSource<T> source, TimeProvider time, SecretMetrics metrics, ILogger logger, out SecretFault? fault)
    {
        // The watch first: what changes while it is being read is then seen as a change.
        var watch = new FileWatch(source.Files, LookInterval, time);
        return Read(source, time.GetUtcNow(), known: [], out fault) is { } first ? new Secret<T>(source, watch, first, time, metrics, logger) : null;
    }

    public override void Look()
    {
        var now = _time.GetUtcNow();
        if (_watch.Look() || now >= _nextRead)
        {
            ReadAgain(now);
        }

        if (Life is { } life)
        {
            _expiry.Look(Name, life, now);
        }
    }

    private static Content? Read(SecretSource<T> source, DateTimeOffset now, byte[] known, out SecretFault? fault)
    {
        var contents = new List<byte[]>();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        try
        {
            foreach (var part in source.Parts)
            {
                if (part.TryRead(out fault) is not { } content)
                {
                    return null;
                }

                contents.Add(content);
                hash.AppendData(BitConverter.GetBytes(content.Length));
                hash.AppendData(content);
            }

            fault = null;
            var digest = hash.GetHashAndReset();
            if (digest.AsSpan().SequenceEqual(known))
            {
                return new Content(null!, null, digest);
            }

            var loaded = source.Load(contents, now);
            fault = loaded.Fault;
            return loaded.Value is { } value ? new Content(value, loaded.Life, digest) : null;
        }
        finally
        {
            // Among them is a private key, and OpenSSL has its own copy.
            contents.ForEach(content => CryptographicOperations.ZeroMemory(content));
        }
    }

    private void ReadAgain(DateTimeOffset now)
    {
        _nextRead = now + RereadInterval;
        if (Read(_source, now, _current.Digest, out var fault) is not { } next)
        {
            Refuse(fault!, now);
            return;
        }

        _failingSince = null;
        _refused = [];
        if (next.Value is null)
        {
            return;
        }

        _current = next;
        _metrics.Renewed();
        if (next.Life is { } life)
        {
            LogRenewed(_logger, Name, life.Subject, life.NotAfter);
        }
        else
        {
            LogReplaced(_logger, Name);
        }

        Changed?.Invoke();
    }

    private void Refuse(SecretFault fault, DateTimeOffset now)
    {
        _failingSince ??= now;
        if (fault.MayPass && now - _failingSince < Grace)
        {
            _nextRead = now + LookInterval;
            return;
        }

        // Told once for each way to be wrong, not at each look.
        var told = System.Text.Encoding.UTF8.GetBytes(fault.Problem);
        if (!told.AsSpan().SequenceEqual(_refused))
        {
            _refused = told;
            _metrics.Refused();
            LogRefused(_logger, Name, fault.ToString());
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{File} was renewed: {Subject}, until {NotAfter:yyyy-MM-dd HH:mm:ss'Z'}; new connections use it")]
    private static partial void LogRenewed(ILogger logger, string file, string subject, DateTimeOffset notAfter);

    [LoggerMessage(Level = LogLevel.Information, Message = "{File} was replaced; new connections use it")]
    private static partial void LogReplaced(ILogger logger, string file);

    [LoggerMessage(Level = LogLevel.Warning, Message = "a new {File} was refused, and the one from before stays in use: {Fault}")]
    private static partial void LogRefused(ILogger logger, string file, string fault);

    /// <param name="Digest">SHA-256 over all parts.</param>
    private sealed record Content(T Value, CertificateLife? Life, byte[] Digest);
}
