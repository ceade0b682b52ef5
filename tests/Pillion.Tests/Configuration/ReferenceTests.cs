using System.Text;
using System.Text.RegularExpressions;
using Pillion.Core.Configuration.Reading;
using Pillion.Core.Configuration.Reference;
using Pillion.Proxy.Configuration.Envoy;
using Pillion.Tests.ArchitectureTests;
using Xunit;

namespace Pillion.Tests.Configuration;

/// <summary>The reference is what the readers themselves say they read; PILLION_APPROVE=1 writes it anew.</summary>
public sealed partial class ReferenceTests
{
    private const string Note = "<!-- Generated from the readers: run the tests with PILLION_APPROVE=1 to write it anew. -->\n\n";

    [Fact]
    public void The_reference_of_pillion_s_file_is_what_the_code_reads()
    {
        var outline = new OutlineSection();
        _ = PillionConfig.ReadNative(new ConfigReading("", []).Describe(outline));

        var page = new StringBuilder("# Configuration reference\n\n").Append(Note).Append("""
            Every setting of Pillion's own file. `NAME` stands for a name you choose, `PORT` for a port, `[]` for each item of a list. A link leads to the settings of a
            map that is used in several places. How to write the file is told in [the guide](../configuration.md); what is read of an Envoy file is
            told in [the Envoy reference](envoy.md).

            Durations are written `3s`, `250ms`, `1m30s` or `0.25s`; sizes `65536` or `64KiB`; addresses `127.0.0.1:8080`, `[::1]:8080`,
            `name:8080` or `unix:/path`.


            """);
        ReferenceTable.Write(outline, page, withMeaning: true);

        Approve("docs/reference/configuration.md", page.ToString());
        Assert.All(outline.All.SelectMany(section => section.Rows).Where(row => !row.Path.EndsWith("[]") && !row.Path.EndsWith("NAME") && !row.Path.EndsWith("PORT")), row => Assert.NotEqual("", row.Meaning));
    }

    [Fact]
    public void The_reference_of_envoy_s_file_is_what_the_code_reads()
    {
        var outline = new OutlineSection();
        _ = EnvoyBootstrap.Read(EnvoyBootstrap.Reading("", []).Describe(outline));

        var page = new StringBuilder("# What is read of an Envoy file\n\n").Append(Note).Append("""
            A file with `static_resources` is read as an Envoy v3 bootstrap, in YAML or JSON, with keys in snake_case or camelCase. Below is every field
            that is read. Any other field is a mistake that names its file, line, column and path; none is ignored.

            Names of before v3 are understood: `envoy.http_connection_manager`, `envoy.router`, `envoy.file_access_log`, `config` in place of
            `typed_config`, `typed_config` without `@type`, `hosts` of a cluster, `exact_match` and its kin, `append`, `host_rewrite`,
            `http2_protocol_options` of a cluster, `max_grpc_timeout`, `match_subject_alt_names`. `tls_context` is not: its place is `transport_socket`.

            What the file means is what it means in Envoy: the route time-out is 15 s, `retry_policy` sends every method again, balancing is round robin,
            no upgrade is allowed and no access log written unless the file says so, `use_remote_address` is off, `Via` is not added, DNS answers are
            refreshed every 5 s, `grpc-timeout` is not looked at, extended CONNECT is not offered, an upstream's certificate is verified only with
            `trusted_ca`, a PROXY header is believed from everybody, listener filters have 15 s and then the connection is closed.

            Where Envoy's default is merely lax, Pillion's safe one stays until the file says otherwise: paths are normalised, slashes merged in matching
            (and sent on as they came), `request_headers_timeout` is 10 s, a header such as `X_Forwarded_For` that could pass for one of Pillion's is
            rejected, messages that can be read in two ways are rejected. HTTP/1.0 is accepted, `X-Request-Id` from outside is kept, trailers are passed on,
            and an answer's own `Server` is never replaced. HTTP/2 has 100 streams and windows of 64 KiB and 1 MiB, and a handshake 10 s.

            A filter chain that matches on server names, the transport protocol or application protocols has the client hello looked at, with or without
            `tls_inspector`. A relative `filename` is relative to the configuration file. `use_original_dst` and `original_dst` mean the same: the
            destination before redirection is the one that filter chains and clusters of type ORIGINAL_DST see.


            """);
        ReferenceTable.Write(outline, page, withMeaning: false);

        Approve("docs/reference/envoy.md", page.ToString());
    }

    [Fact]
    public void Every_example_of_the_guide_loads()
    {
        var guide = File.ReadAllText(Repository.PathOf("docs/configuration.md"));
        var examples = Example().Matches(guide);

        Assert.NotEmpty(examples);
        foreach (Match example in examples)
        {
            _ = Given.Config(example.Groups["yaml"].Value);
        }
    }

    private static void Approve(string path, string page)
    {
        var file = Repository.PathOf(path);
        if (Environment.GetEnvironmentVariable("PILLION_APPROVE") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, page);
        }

        Assert.Equal(File.Exists(file) ? File.ReadAllText(file) : "", page);
    }

    [GeneratedRegex("```yaml\n(?<yaml>.*?)```", RegexOptions.Singleline)]
    private static partial Regex Example();
}
