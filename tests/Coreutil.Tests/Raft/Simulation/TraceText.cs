using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Coreutil.Tests.Raft.Simulation;

/// <summary>A line of a trace; nothing is formatted in a run that is not traced.</summary>
[InterpolatedStringHandler]
internal readonly ref struct TraceText
{
    private readonly StringBuilder? _text;

    public TraceText(int literalLength, int formattedCount, World world, out bool isWanted)
    {
        isWanted = world.IsTracing;
        _text = isWanted ? new StringBuilder(literalLength + (8 * formattedCount)) : null;
    }

    public void AppendLiteral(string text) => _text!.Append(text);

    public void AppendFormatted<T>(T value) => _text!.Append(CultureInfo.InvariantCulture, $"{value}");

    public override string ToString() => _text?.ToString() ?? "";
}
