using Pillion.Policies;

// policies DIRECTORY [ROUNDS]: what each configuration of the directory adds to a request, beside its none.yaml. In turn and repeatedly.
var directory = args is [var first, ..] ? first : throw new ArgumentException("which directory?");
var rounds = args is [_, var count] ? int.Parse(count, System.Globalization.CultureInfo.InvariantCulture) : 9;
var policies = Directory.EnumerateFiles(directory, "*.yaml").Order(StringComparer.Ordinal).Select(Policy.Load).ToList();
var none = policies.Find(policy => policy.Name == "none") ?? throw new FileNotFoundException("there is no none.yaml to compare with");
foreach (var policy in policies)
{
    policy.Run(Policy.RequestsPerRound);
}

for (var round = 0; round < rounds; round++)
{
    foreach (var policy in policies)
    {
        policy.Measure();
    }
}

Console.WriteLine("| policy | ns per request | added by it | bytes allocated per request |");
Console.WriteLine("|---|---|---|---|");
foreach (var policy in policies.OrderBy(policy => policy != none).ThenBy(policy => policy.Name == "all").ThenBy(policy => policy.Name, StringComparer.Ordinal))
{
    var added = policy == none ? "" : $"{policy.Nanoseconds - none.Nanoseconds:+0;-0;0} ns";
    Console.WriteLine($"| {policy.Title} | {policy.Nanoseconds:0} | {added} | {policy.BytesPerRequest:0.##} |");
}

// The promise of the design: all policies of a typical route together. Batches of spans are made into messages on this thread too: some bytes for each batch, none for a request.
var all = policies.Find(policy => policy.Name == "all");
return all is null || (all.Nanoseconds - none.Nanoseconds <= 3000 && policies.TrueForAll(policy => policy.BytesPerRequest < (policy.Name is "tracing" or "all" ? 16 : 1))) ? 0 : 1;
