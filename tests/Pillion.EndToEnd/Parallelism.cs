using Xunit.v3;

// The tests wait for processes more than they compute.
[assembly: Parallelization(MaxThreads = 4)]
