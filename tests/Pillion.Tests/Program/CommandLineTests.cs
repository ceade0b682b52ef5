using Pillion.Commands;
using Xunit;

namespace Pillion.Tests.Program;

public sealed class CommandLineTests
{
    private readonly StringWriter _out = new();
    private readonly StringWriter _error = new();
    private readonly Dictionary<string, string> _environment = [];

    [Theory]
    [InlineData("rnu", "unknown command 'rnu', did you mean 'run'? (see 'pillion --help')")]
    [InlineData("frobnicate", "unknown command 'frobnicate' (see 'pillion --help')")]
    [InlineData("run --confg x", "unknown option '--confg', did you mean '--config'? (see 'pillion run --help')")]
    [InlineData("run --config=x --zzz=1", "unknown option '--zzz' (see 'pillion run --help')")]
    [InlineData("run -c x ./orders", "unknown argument './orders'; the application goes after -- (see 'pillion run --help')")]
    [InlineData("run -c", "--config needs a value (see 'pillion run --help')")]
    [InlineData("run -c a -c b", "--config is given more than once (see 'pillion run --help')")]
    [InlineData("run", "there is no configuration: give one with -c FILE or PILLION_CONFIG")]
    [InlineData("run -c a --", "there is no application after -- (see 'pillion run --help')")]
    [InlineData("run -c a --admin nowhere", "--admin: 'nowhere' is not an address; use 127.0.0.1:15000 or unix:/path")]
    [InlineData("run -c a --log-level loud", "--log-level: 'loud' is not a level; use trace, debug, info, warn, error, critical, off")]
    [InlineData("run -c a --concurrency 0", "--concurrency: '0' is not a number of loops; use 1-256")]
    [InlineData("run -c /nope/pillion.yaml", "/nope/pillion.yaml: cannot be read; there is no such file")]
    [InlineData("check", "FILE is missing (see 'pillion check --help')")]
    [InlineData("check a b", "unknown argument 'b' (see 'pillion check --help')")]
    [InlineData("check /nope/pillion.yaml", "/nope/pillion.yaml: cannot be read; there is no such file")]
    [InlineData("check a -- ./orders", "only 'run' starts an application; 'check' takes nothing after --")]
    [InlineData("wait --timeout soon", "--timeout: 'soon' is not a duration; use one such as 30s or 2m")]
    [InlineData("explain", "ID is missing; --last-error and --route NAME need none (see 'pillion explain --help')")]
    [InlineData("explain x --last-error", "explain takes one of ID, --last-error and --route")]
    [InlineData("explain x y", "unknown argument 'y' (see 'pillion explain --help')")]
    [InlineData("explain x --count 3", "--count says nothing without --route")]
    [InlineData("explain --route r --count 0", "--count: '0' is not a number of requests; use 1-1000")]
    [InlineData("explain x -c /nope/pillion.yaml", "/nope/pillion.yaml: cannot be read; there is no such file; say where the sidecar is with --admin")]
    [InlineData("demo --seconds x", "--seconds: 'x' is not a number of seconds; use 0-86400")]
    [InlineData("certs", "say what to do: 'certs init' or 'certs show' (see 'pillion certs --help')")]
    [InlineData("certs int", "unknown command 'int', did you mean 'init'? (see 'pillion certs --help')")]
    [InlineData("certs init", "DIR is missing (see 'pillion certs init --help')")]
    [InlineData("certs init a b --lief 1h", "unknown option '--lief', did you mean '--life'? (see 'pillion certs init --help')")]
    [InlineData("certs show a b", "unknown argument 'b' (see 'pillion certs show --help')")]
    [InlineData("capture", "install|remove|show is missing (see 'pillion capture --help')")]
    [InlineData("capture instal", "'instal' is no action; use install, remove or show")]
    [InlineData("capture install --inbound-prots 1", "unknown option '--inbound-prots', did you mean '--inbound-ports'? (see 'pillion capture --help')")]
    [InlineData("capture install --inbound-ports 0", "--inbound-ports: '0' is not right; use 1-65535, or a range such as 8000-8010, or all")]
    [InlineData("capture install --exclude-outbound-ports 1,9-8", "--exclude-outbound-ports: '9-8' is not right; use 1-65535, or a range such as 8000-8010")]
    [InlineData("capture install --exclude-inbound-ports all", "--exclude-inbound-ports: 'all' is not right; use 1-65535, or a range such as 8000-8010")]
    [InlineData("capture install --exclude-outbound-cidrs 10.0.0.1/8", "--exclude-outbound-cidrs: '10.0.0.1/8' is not right; use a form such as 10.0.0.0/8, fd00::/8 or 10.1.2.3")]
    [InlineData("capture install --exclude-uids root", "--exclude-uids: 'root' is not right; use a uid such as 1000")]
    [InlineData("capture install --mark 0xffffffff", "--mark: '0xffffffff' is not right; use a number such as 0x50")]
    [InlineData("capture install --inbound-port 0", "--inbound-port: '0' is not right; use 1-65535")]
    [InlineData("capture install --with ufw", "--with: 'ufw' is no program; use nft or iptables")]
    [InlineData("capture install --ipv6 --no-ipv6", "--ipv6 and --no-ipv6 contradict each other")]
    [InlineData("capture show --uid 5", "--uid says nothing to 'capture show'")]
    [InlineData("capture remove --no-ipv6", "--no-ipv6 says nothing to 'capture remove'")]
    [InlineData("capture show --dry-run", "--dry-run says nothing to 'capture show'")]
    [InlineData("--zzz", "unknown option '--zzz' (see 'pillion --help')")]
    public async Task Misuse_is_one_line_and_exit_code_2(string line, string expected)
    {
        Assert.Equal(2, await RunAsync(line));
        Assert.Equal($"pillion: {expected}\n", _error.ToString());
        Assert.Empty(_out.ToString());
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("-h")]
    [InlineData("run --help")]
    [InlineData("check -h")]
    [InlineData("certs --help")]
    [InlineData("certs init --help")]
    [InlineData("certs show -h")]
    [InlineData("")]
    public async Task Help_goes_to_standard_output_and_shows_examples(string line)
    {
        Assert.Equal(0, await RunAsync(line));
        Assert.Contains("Usage: pillion ", _out.ToString());
        Assert.Contains("Examples:", _out.ToString());
        Assert.Empty(_error.ToString());
    }

    [Fact]
    public async Task Check_prints_every_mistake_and_a_line_that_sums_up()
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, "app: { address: 127.0.0.1:70000 }\nzz: 1\n");
        Assert.Equal(1, await RunAsync($"check {file}"));
        var lines = _out.ToString().TrimEnd().Split('\n');
        Assert.StartsWith($"{file}:1:17: app.address: ", lines[0]);
        Assert.StartsWith($"{file}:2:1: zz: ", lines[1]);
        Assert.Equal($"{file}: 2 mistakes", lines[^1]);
        File.Delete(file);
    }

    [Fact]
    public async Task Check_says_that_a_correct_file_is_correct()
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, "app: { address: 127.0.0.1:8080 }\n");
        Assert.Equal(0, await RunAsync($"check {file}"));
        Assert.StartsWith($"{file}: correct (", _out.ToString());
        File.Delete(file);
    }

    [Theory]
    [InlineData("--uid 0", "the capture would let every process of root pass by; give the sidecar a user of its own")]
    [InlineData("--outbound-port 0", "the capture has nothing to capture; give inbound ports, or an outbound port other than 0")]
    [InlineData("--mark 0", "the capture cannot tell the sidecar's connections from its application's; give a mark or the sidecar's uid")]
    [InlineData("--inbound-port 15001", "the capture has one port for both directions; give each its own")]
    [InlineData("--inbound-ports 15000-15010", "the capture would capture the sidecar's own port; leave it out of the inbound ports")]
    public async Task Options_of_capture_that_do_not_go_together_are_refused_before_anything_is_loaded(string options, string expected)
    {
        Assert.Equal(1, await RunAsync($"capture install --dry-run {options}"));
        Assert.Equal($"pillion: {expected}\n", _error.ToString());
        Assert.Empty(_out.ToString());
    }

    [Fact]
    public async Task Explain_and_wait_say_that_nobody_answers()
    {
        Assert.Equal(1, await RunAsync("explain some-id --admin unix:/nope/admin.sock"));
        Assert.Equal("pillion: the sidecar at unix:/nope/admin.sock cannot be asked: there is no such socket\n", _error.ToString());
    }

    [Fact]
    public async Task Wait_gives_up_after_its_time()
    {
        Assert.Equal(1, await RunAsync("wait --timeout 1ms --admin unix:/nope/admin.sock"));
        Assert.StartsWith("pillion: unix:/nope/admin.sock is not ready after 1ms: ", _error.ToString());
    }

    private Task<int> RunAsync(string line) =>
        CommandLine.RunAsync(line.Split(' ', StringSplitOptions.RemoveEmptyEntries), new CommandIo(_out, _error, name => _environment.GetValueOrDefault(name)));
}
