using BenchmarkDotNet.Running;

// dotnet run -c Release --project bench/Pillion.Benchmarks -- --filter '*Parser*'
BenchmarkSwitcher.FromAssembly(typeof(Pillion.Benchmarks.Http.ParserBenchmark).Assembly).Run(args);
