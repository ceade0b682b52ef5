using Pillion.Core.Configuration.Roles;
using Pillion.Core.Identity.Secrets;
using Pillion.Core.Lifecycle;

namespace Pillion.Core.Identity;

/// <summary>Who this sidecar is while it runs: the identity of the configuration that was committed, and its part of readiness.</summary>
internal sealed class WorkloadIdentity
{
    private readonly SecretStore _secrets;
    private readonly Condition _condition;
    private readonly TimeProvider _time;
    private SecretSet? _set;
    private volatile Secret<IdentitySnapshot>? _running;

    public WorkloadIdentity(SecretStore secrets, Lifecycle.Lifecycle lifecycle, TimeProvider time)
    {
        _secrets = secrets;
        _condition = lifecycle.AddCondition("identity", "not read yet");
        _condition.Detail = Describe;
        _time = time;
        secrets.Looked += Reconsider;
    }

    /// <summary>Null where the configuration gives no identity.</summary>
    public IdentitySnapshot? Current => _running?.Current;

    /// <summary>Reads the files of a configuration, beside what is running.</summary>
    public PreparedIdentity Prepare(IdentityConfig? config, WorkloadConfig workload)
    {
        var set = _secrets.Begin();
        SecretFault? fault = null;
        var secret = config is null ? null : set.Take(new IdentitySource(config, workload.Name), out fault);
        return new PreparedIdentity(this, set, secret, fault is null ? [] : [$"{config!.Source}: {fault}"]);
    }

    internal void Use(SecretSet set, Secret<IdentitySnapshot>? secret)
    {
        var before = _set;
        _set = set;
        _running = secret;
        before?.Dispose();
        Reconsider();
    }

    // Ready until it has really ended: a sidecar that others still believe is of use.
    private void Reconsider()
    {
        if (_set is not null)
        {
            if (_running?.Life is { } life && life.HasEnded(_time.GetUtcNow()))
            {
                _condition.Fail($"the certificate of {life.Subject} ended on {CertificateSource.Moment(life.NotAfter)}; {life.Remedy}");
            }
            else
            {
                _condition.Meet();
            }
        }
    }

    private string? Describe() => _running?.Life is { } life
        ? $"{life.Subject}, until {CertificateSource.Moment(life.NotAfter)}, {TimeLeft.Of(life.NotAfter - _time.GetUtcNow())} left"
        : null;
}
