using BenchmarkDotNet.Running;

// dotnet run -c Release --project bench/Pillion.Benchmarks -- --filter '*Parser*'
// dotnet run -c Release --project bench/Pillion.Benchmarks -- tls [ours|theirs [mutual]]
if (args is ["tls", ..])
{
    await Pillion.Benchmarks.Tls.TlsCost.RunAsync(args.AsMemory(1));
    return;
}

BenchmarkSwitcher.FromAssembly(typeof(Pillion.Benchmarks.Http.ParserBenchmark).Assembly).Run(args);
