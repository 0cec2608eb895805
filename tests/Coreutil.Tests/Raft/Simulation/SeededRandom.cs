namespace Coreutil.Tests.Raft.Simulation;

/// <summary>SplitMix64: cheap to make, and the same on every runtime, so that a seed replays for good.</summary>
internal sealed class SeededRandom(ulong seed) : Random(0)
{
    private ulong _state = seed;

    public override int Next(int maxValue) => maxValue <= 0 ? 0 : (int)(NextWord() % (ulong)maxValue);

    public override int Next(int minValue, int maxValue) => minValue + Next(maxValue - minValue);

    public override int Next() => Next(int.MaxValue);

    public bool Chance(int percent) => Next(100) < percent;

    public T Of<T>(params ReadOnlySpan<T> choices) => choices[Next(choices.Length)];

    public ulong NextWord()
    {
        ulong word = _state += 0x9E37_79B9_7F4A_7C15;
        word = (word ^ (word >> 30)) * 0xBF58_476D_1CE4_E5B9;
        word = (word ^ (word >> 27)) * 0x94D0_49BB_1331_11EB;
        return word ^ (word >> 31);
    }

    protected override double Sample() => (NextWord() >> 11) * (1.0 / (1ul << 53));
}
