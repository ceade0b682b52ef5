using System.CommandLine;
using System.Globalization;
using Pillion.Certificates;
using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Core.Identity;

namespace Pillion.Commands;

/// <summary><c>pillion certs</c>: a development authority and identities in a directory, and what a certificate says.</summary>
internal static class CertsCommand
{
    public const string Name = "certs";

    private static readonly TimeSpan DefaultLife = TimeSpan.FromDays(90);
    private static readonly TimeSpan ShortestLife = TimeSpan.FromMinutes(1);

    public static Command Create(CommandIo io) => Create(io, TimeProvider.System);

    internal static Command Create(CommandIo io, TimeProvider time) =>
        new(Name, "Makes a development CA with identities for workloads, or shows certificates and what is wrong with them.") { Init(io, time), Show(io, time) };

    private static Command Init(CommandIo io, TimeProvider time)
    {
        var directory = new Argument<string>("directory") { HelpName = "DIR" };
        var workloads = new Argument<string[]>("workloads") { HelpName = "WORKLOAD...", Arity = ArgumentArity.ZeroOrMore };
        var trustDomain = new Option<string>("--trust-domain") { HelpName = "NAME", Description = $"The CA's trust domain; that of the CA in DIR or {CertificateFolder.DefaultTrustDomain} unless said" };
        var @namespace = new Option<string>("--namespace") { HelpName = "NAME", Description = "The workloads' namespace; that of the identity in DIR or default unless said" };
        var life = new Option<string>("--life") { HelpName = "TIME", Description = $"How long an identity lives, such as 1h or 90d; {DurationText.Format(DefaultLife)} unless said" };
        var force = new Option<bool>("--force") { Description = "Renew identities that are still good, too" };
        var command = new Command("init", "Makes a development CA and an identity per workload in DIR; what is there and still good is kept. Without WORKLOAD: those in DIR.")
        {
            directory, workloads, trustDomain, @namespace, life, force,
        };
        command.SetAction(parsed =>
        {
            var order = new CertificateOrder
            {
                Directory = parsed.GetRequiredValue(directory),
                Workloads = parsed.GetValue(workloads) ?? [],
                TrustDomain = parsed.GetValue(trustDomain),
                Namespace = parsed.GetValue(@namespace),
                Life = DefaultLife,
                Force = parsed.GetValue(force),
            };
            return Read(ref order, parsed.GetValue(life)) is { } mistake ? io.Fail(mistake) : Init(order, io, time);
        });
        return command;
    }

    private static Command Show(CommandIo io, TimeProvider time)
    {
        var path = new Argument<string>("path") { HelpName = "FILE|DIR" };
        var command = new Command("show", "Prints the certificates of a PEM file or of a directory of 'certs init', and what is wrong with them; exit code 1 when something is.") { path };
        command.SetAction(parsed =>
        {
            var report = new CertificateReport(io.Out, time);
            return report.Show(parsed.GetRequiredValue(path)) is { } mistake ? io.Fail(mistake) : report.Problems == 0 ? ExitCodes.Success : ExitCodes.Failure;
        });
        return command;
    }

    private static string? Read(ref CertificateOrder order, string? life)
    {
        if (life is not null)
        {
            if (!DurationText.TryParse(life, out var time) || time < ShortestLife || time > DevelopmentAuthority.Life)
            {
                return $"--life: '{life}' is not a life of an identity; use 1m to {DurationText.Format(DevelopmentAuthority.Life)}, such as 1h or 90d";
            }

            order = order with { Life = time };
        }

        if (order.TrustDomain is { } trustDomain && SpiffeId.ProblemOfTrustDomain(trustDomain) is not null)
        {
            return $"--trust-domain: {ConfigError.Quote(trustDomain)} is not a trust domain; use letters in lower case, digits, '.', '-' and '_', such as example.org";
        }

        if (order.Namespace is { } @namespace && !ConfigName.IsRight(@namespace))
        {
            return $"--namespace: {ConfigError.Quote(@namespace)} is not a namespace; {ConfigName.Remedy}";
        }

        return order.Workloads.FirstOrDefault(name => !CertificateFolder.IsWorkloadName(name)) is { } wrong
            ? $"{ConfigError.Quote(wrong)} is not the name of a workload; {ConfigName.Remedy}"
            : null;
    }

    private static int Init(CertificateOrder order, CommandIo io, TimeProvider time)
    {
        var folder = new CertificateFolder(order.Directory, time);
        var workloads = order.Workloads.Count > 0 ? order.Workloads.Distinct().ToList() : folder.Workloads;
        if (workloads.Count == 0)
        {
            return io.Fail($"name the workloads that need an identity, as in 'pillion certs init {order.Directory} orders payments'");
        }

        try
        {
            using var authority = folder.OpenAuthority(order.TrustDomain, out var isNew, out var problem);
            if (authority is null)
            {
                return io.Fail(problem, ExitCodes.Failure);
            }

            io.Out.WriteLine($"{folder.AuthorityPath}: {(isNew ? "new" : "kept")}, the development CA of {authority.TrustDomain}, until {Day(authority.NotAfter)}");
            foreach (var workload in workloads)
            {
                var id = folder.IdOf(authority, workload, order.Namespace);
                var issued = folder.Issue(authority, workload, id, order.Life, order.Force, out var until);
                io.Out.WriteLine($"{folder.PathOf(workload)}: {(issued ? "new" : "kept, still good")}, {id}, until {Day(until)}");
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return io.Fail($"{order.Directory} cannot be written; name a directory that this user can write to", ExitCodes.Failure);
        }

        io.Out.WriteLine("\nIn the configuration of each workload:\n");
        foreach (var workload in workloads)
        {
            io.Out.WriteLine($"  workload: {workload}\n  identity: {folder.PathOf(workload)}\n");
        }

        io.Out.WriteLine("Whoever can read ca-key.pem can be any workload: for laptops and tests, not for production.");
        return ExitCodes.Success;
    }

    private static string Day(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm'Z'", CultureInfo.InvariantCulture);
}
