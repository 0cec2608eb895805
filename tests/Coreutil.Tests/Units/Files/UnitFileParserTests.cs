using System.Globalization;
using System.Text.Json;
using Coreutil.Units.Files;

namespace Coreutil.Tests.Units.Files;

// What the original's library makes of a text: recorded inputs, outputs, hashes and refusals.
public sealed class UnitFileParserTests
{
    [Fact]
    public void Every_recorded_text_is_read_as_recorded()
    {
        string? path = Repository.Cases("unit-files.jsonl");
        Assert.SkipWhen(path is null, "the recorded cases are not beside this checkout");
        int compared = 0;
        foreach (string line in File.ReadLines(path!))
        {
            using var recorded = JsonDocument.Parse(line);
            string input = Expand(recorded.RootElement.GetProperty("in").GetString()!);
            switch (UnitFileParser.Parse(input))
            {
                case UnitFileResult.Parsed parsed:
                    Assert.True(recorded.RootElement.TryGetProperty("out", out var output), line);
                    if (!output.GetString()!.StartsWith("len ", StringComparison.Ordinal))
                    {
                        Assert.Equal(output.GetString(), parsed.File.Serialise());
                    }

                    Assert.Equal(recorded.RootElement.GetProperty("sha1").GetString(), Convert.ToHexStringLower(parsed.File.Hash()));
                    break;
                case UnitFileResult.Refused refused:
                    Assert.True(recorded.RootElement.TryGetProperty("err", out var error), line);
                    Assert.Equal(error.GetString(), refused.Failure.What);
                    break;
            }

            compared++;
        }

        Assert.True(compared > 10, "the file of recorded cases is nearly empty");
    }

    /// <summary>A long line is recorded as <c>[A]\nB=xxx...(len 2052)</c>: that many bytes, the last one a newline.</summary>
    private static string Expand(string recorded)
    {
        int dots = recorded.IndexOf("...(len ", StringComparison.Ordinal);
        return dots < 0 ? recorded : recorded[..dots].PadRight(int.Parse(recorded[(dots + 8)..^1], CultureInfo.InvariantCulture) - 1, 'x') + "\n";
    }

    [Theory]
    [InlineData("[Service]\nExecStart\n", 2, 1)]
    [InlineData("[Unit]\nA=1\n\n[Service\n", 4, 2)]
    [InlineData("[Unit] x\n", 1, 7)]
    public void A_refusal_names_its_place(string text, int line, int column)
    {
        var refused = Assert.IsType<UnitFileResult.Refused>(UnitFileParser.Parse(text));

        Assert.Equal((line, column), (refused.Failure.Line, refused.Failure.Column));
    }
}
