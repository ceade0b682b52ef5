using System.CommandLine;
using System.Globalization;
using System.Net;
using Pillion.Capture;
using Pillion.Core.Configuration;
using Pillion.Core.Configuration.Reading;
using Pillion.Core.Configuration.Roles;

namespace Pillion.Commands;

/// <summary>The options of <c>pillion capture install</c>: what a file says, and on top of it what the command line says.</summary>
internal sealed class CaptureArguments
{
    private readonly Option<string> _config = new("--config", "-c") { HelpName = "FILE", Description = "Take what its capture section says; the options below say otherwise" };
    private readonly Option<string> _outboundPort = Text("--outbound-port", "PORT", "Where outbound connections go; 15001 unless said, 0 leaves them alone");
    private readonly Option<string> _inboundPort = Text("--inbound-port", "PORT", "Where inbound connections go; 15006 unless said");
    private readonly Option<string> _inboundPorts = Text("--inbound-ports", "PORTS", "The application's ports: 8080,9000-9010 or all; none unless said");
    private readonly Option<string> _excludeOutboundPorts = Text("--exclude-outbound-ports", "PORTS", "Ports of others that are connected to directly; 53 unless said");
    private readonly Option<string> _excludeOutboundCidrs = Text("--exclude-outbound-cidrs", "CIDRS", "Networks that are connected to directly: 10.0.0.0/8,fd00::/8");
    private readonly Option<string> _excludeInboundPorts = Text("--exclude-inbound-ports", "PORTS", "Ports that stay as they are");
    private readonly Option<string> _excludeUids = Text("--exclude-uids", "UIDS", "Users, by number, whose connections are left alone");
    private readonly Option<string> _onlyUids = Text("--only-uids", "UIDS", "The only users whose connections are captured");
    private readonly Option<string> _mark = Text("--mark", "MARK", "The mark of the sidecar's own connections; 0x50 unless said");
    private readonly Option<string> _uid = Text("--uid", "UID", "The sidecar's user, for where it may not mark its connections");
    private readonly Option<bool> _ipv6 = new("--ipv6") { Description = "Capture IPv6 too, which is so unless said" };
    private readonly Option<bool> _noIpv6 = new("--no-ipv6") { Description = "Leave IPv6 alone" };
    private readonly Option<string> _with = Text("--with", "PROGRAM", "nft or iptables; nft unless said, where there is one");

    private static readonly string[] FilterNames = ["nft", "iptables"];

    private IEnumerable<Option> All =>
    [
        _config, _outboundPort, _inboundPort, _inboundPorts, _excludeOutboundPorts, _excludeOutboundCidrs, _excludeInboundPorts, _excludeUids, _onlyUids, _mark, _uid,
        _ipv6, _noIpv6, _with,
    ];

    public void AddTo(Command command)
    {
        foreach (var option in All)
        {
            command.Options.Add(option);
        }
    }

    /// <summary>The name of the first of these options on the command line.</summary>
    public string? FirstGiven(ParseResult parsed) => All.FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false })?.Name;

    /// <summary>Null when all is well; else the exit code, with the mistakes told.</summary>
    public int? TryRead(ParseResult parsed, CommandIo io, ref CaptureOptions options)
    {
        if (parsed.GetValue(_config) is { } file)
        {
            var (config, errors) = PillionConfig.Load(file, io.Environment);
            if (config is null)
            {
                foreach (var error in errors)
                {
                    io.Error.WriteLine(error);
                }

                return errors is [{ IsAboutFile: true }] ? ExitCodes.Usage : ExitCodes.Failure;
            }

            options = CaptureOptions.Of(config.Capture ?? new CaptureConfig(), config.Admin.Address);
        }

        return TryRead(parsed, ref options) is { } mistake ? io.Fail(mistake) : null;
    }

    private string? TryRead(ParseResult parsed, ref CaptureOptions options)
    {
        var read = options.Config;
        var mistake =
            Number(parsed, _outboundPort, 0, port => read = read with { OutboundPort = port }) ??
            Number(parsed, _inboundPort, 1, port => read = read with { InboundPort = port }) ??
            List<PortRange>(parsed, _inboundPorts, TryReadPortsOrAll, PortRange.Form + ", or all", ports => read = read with { InboundPorts = ports }) ??
            List<PortRange>(parsed, _excludeOutboundPorts, PortRange.TryParse!, PortRange.Form, ports => read = read with { ExcludeOutboundPorts = ports }) ??
            List<IPNetwork>(parsed, _excludeOutboundCidrs, TryReadNetwork, "use a form such as 10.0.0.0/8, fd00::/8 or 10.1.2.3", networks => read = read with { ExcludeOutboundCidrs = networks }) ??
            List<PortRange>(parsed, _excludeInboundPorts, PortRange.TryParse!, PortRange.Form, ports => read = read with { ExcludeInboundPorts = ports }) ??
            List<uint>(parsed, _excludeUids, CaptureConfig.TryParseUid, "use a uid such as 1000", uids => read = read with { ExcludeUids = uids }) ??
            List<uint>(parsed, _onlyUids, CaptureConfig.TryParseUid, "use a uid such as 1000", uids => read = read with { OnlyUids = uids }) ??
            One<int>(parsed, _mark, CaptureConfig.TryParseMark, "use a number such as 0x50", mark => read = read with { Mark = mark }) ??
            One<uint>(parsed, _uid, CaptureConfig.TryParseUid, "use a uid such as 1337", uid => read = read with { Uid = uid }) ??
            (parsed.GetValue(_with) is { } with && !FilterNames.Contains(with) ? $"--with: '{with}' is no program; use nft or iptables" : null) ??
            (parsed.GetValue(_ipv6) && parsed.GetValue(_noIpv6) ? "--ipv6 and --no-ipv6 contradict each other" : null);
        if (parsed.GetValue(_ipv6) || parsed.GetValue(_noIpv6))
        {
            read = read with { Ipv6 = parsed.GetValue(_ipv6) };
        }

        options = options with { Config = read, Filter = parsed.GetValue(_with) };
        return mistake;
    }

    private static Option<string> Text(string name, string value, string description) => new(name) { HelpName = value, Description = description };

    private delegate bool TryParse<T>(string text, out T value);

    private static string? Number(ParseResult parsed, Option<string> option, int min, Action<int> set) =>
        One(parsed, option, (string text, out int port) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port >= min && port <= ushort.MaxValue,
            $"use {min}-65535", set);

    private static string? One<T>(ParseResult parsed, Option<string> option, TryParse<T> tryParse, string remedy, Action<T> set)
    {
        if (parsed.GetValue(option) is not { } text)
        {
            return null;
        }

        if (!tryParse(text, out var value))
        {
            return $"{option.Name}: {ConfigError.Quote(text)} is not right; {remedy}";
        }

        set(value);
        return null;
    }

    // An empty text is an empty list: how a default is taken back.
    private static string? List<T>(ParseResult parsed, Option<string> option, TryParse<T> tryParse, string remedy, Action<ValueList<T>> set)
    {
        if (parsed.GetValue(option) is not { } text)
        {
            return null;
        }

        var values = new List<T>();
        foreach (var item in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (!tryParse(item, out var value))
            {
                return $"{option.Name}: {ConfigError.Quote(item)} is not right; {remedy}";
            }

            values.Add(value);
        }

        set([.. values]);
        return null;
    }

    private static bool TryReadPortsOrAll(string text, out PortRange range)
    {
        range = PortRange.All;
        return text == "all" || PortRange.TryParse(text, out range!);
    }

    private static bool TryReadNetwork(string text, out IPNetwork network) => NetworkText.TryParse(text, out network, out _, out _);
}
