using Pillion.Core.Identity.Secrets;

namespace Pillion.Proxy.Filters.Credentials;

/// <summary>Takes a watched file for a filter; one that cannot be used is a mistake of the configuration.</summary>
internal static class FilterSecret
{
    public static Secret<T>? Take<T>(SecretSource<T> source, FilterConfig config, FilterContext context)
        where T : class
    {
        var secret = context.Secrets.Take(source, out var fault);
        if (fault is not null)
        {
            // The usual remedy for a file that is not there speaks of certificates.
            context.Fail(config.Source, fault.Problem.EndsWith("there is no such file", StringComparison.Ordinal) ? $"{fault.Problem}; put it there" : fault.ToString());
        }

        return secret;
    }
}
