namespace Pillion.Core.Signals;

/// <summary>Envoy's response flags under Envoy's abbreviations; a response may carry several.</summary>
[Flags]
internal enum ResponseFlags : uint
{
    None = 0,
    UH = 1 << 0,
    UF = 1 << 1,
    UO = 1 << 2,
    NR = 1 << 3,
    URX = 1 << 4,
    NC = 1 << 5,
    DT = 1 << 6,
    DC = 1 << 7,
    LH = 1 << 8,
    UT = 1 << 9,
    LR = 1 << 10,
    UR = 1 << 11,
    UC = 1 << 12,
    DI = 1 << 13,
    FI = 1 << 14,
    RL = 1 << 15,
    UAEX = 1 << 16,
    RLSE = 1 << 17,
    IH = 1 << 18,
    SI = 1 << 19,
    DPE = 1 << 20,
    UPE = 1 << 21,
    UMSDR = 1 << 22,
    OM = 1 << 23,
    DF = 1 << 24,
}
