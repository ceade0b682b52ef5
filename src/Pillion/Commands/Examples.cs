namespace Pillion.Commands;

/// <summary>The examples of the help, by command.</summary>
internal static class Examples
{
    public static string[] First { get; } =
    [
        "pillion demo                              see it work, with nothing to prepare",
        "pillion check pillion.yaml                every mistake, with its line",
        "pillion run -c pillion.yaml -- ./orders   the application, with its sidecar",
    ];

    public static string[] Of(string command) => command switch
    {
        RunCommand.Name =>
        [
            "pillion run -c pillion.yaml",
            "pillion run -c pillion.yaml -- ./orders --port 8080",
            "PILLION_CONFIG=/etc/pillion.yaml pillion run --admin unix:/run/pillion/admin.sock",
        ],
        "check" => ["pillion check pillion.yaml", "pillion check envoy.json"],
        "diff" => ["pillion diff pillion.yaml new.yaml", "pillion diff envoy.yaml pillion.yaml --json"],
        "rehearse" => ["pillion rehearse new.yaml --log access.json", "pillion rehearse new.yaml --against pillion.yaml --log access.json", "zcat access.json.gz | pillion rehearse new.yaml --log -"],
        "wait" => ["pillion wait && ./orders", "pillion wait --timeout 2m --admin unix:/run/pillion/admin.sock"],
        "explain" =>
        [
            "pillion explain 7f3c0a52            the response carries it as x-request-id; its beginning is enough",
            "pillion explain --last-error",
            "pillion explain --route orders --count 500",
        ],
        "top" => ["pillion top", "pillion top --clusters --sort p99", "pillion top --once --json | jq '.rows[] | select(.failures > 0)'"],
        "tap" => ["pillion tap --status 5xx", "pillion tap --route orders --slower 200ms --limit 10", "pillion tap --header x-tenant=acme --show-headers"],
        "certs" => ["pillion certs init ./certs orders payments", "pillion certs show ./certs"],
        "certs init" => ["pillion certs init ./certs orders payments", "pillion certs init ./certs --force --life 1h", "pillion certs init ./certs orders --trust-domain dev.example --namespace shop"],
        "certs show" => ["pillion certs show ./certs", "pillion certs show /var/run/secrets/pillion/cert.pem"],
        CaptureCommand.Name =>
        [
            "pillion capture install --inbound-ports 8080          as root, or with CAP_NET_ADMIN",
            "pillion capture install -c pillion.yaml --uid 1337    from an init container, the sidecar without rights",
            "pillion capture install --inbound-ports all --dry-run",
            "pillion capture show && pillion capture remove",
        ],
        "demo" => ["pillion demo", "pillion demo --seconds 5"],
        _ => [],
    };
}
