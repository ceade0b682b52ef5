using System.Runtime.Versioning;
using Xunit.v3;

// Signals, /proc and Debian's packages are what these tests are made of.
[assembly: SupportedOSPlatform("linux")]

// The tests wait for processes more than they compute.
[assembly: Parallelization(MaxThreads = 4)]
