using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Coreutil.Units.Files;

namespace Coreutil.Fleet.Jobs;

/// <summary>The unit files of the registry: normalised texts, known by their SHA-1.</summary>
public static class UnitText
{
    /// <summary>The options of a stored text; none when it does not parse, which only a foreign writer can bring about.</summary>
    public static ImmutableArray<UnitOption> Read(string text) => UnitFileParser.Parse(text) is UnitFileResult.Parsed parsed ? parsed.File.Options : [];

    /// <summary>What the options come to as a stored unit, or why they come to none.</summary>
    public static (StoredUnit? Unit, string? Refusal) FromOptions(string name, ImmutableArray<UnitOption> options)
    {
        // The original writes the options out and reads them again: what does not survive that (an overlong line) is refused.
        switch (UnitFileParser.Parse(new UnitFile(options).Serialise()))
        {
            case UnitFileResult.Refused refused:
                return (null, refused.Failure.What);
            case UnitFileResult.Parsed parsed:
                string text = parsed.File.Serialise();
                return ReadRequirements(name, parsed.File.Options).FindContradiction() is { } contradiction
                    ? (null, contradiction)
                    : (new(HashOf(text), text), null);
            default:
                throw new InvalidOperationException("unknown result");
        }
    }

    public static XFleetRequirements ReadRequirements(string name, ImmutableArray<UnitOption> options) => XFleetRequirements.Read(
        name, options.Where(option => option.Section == XFleetRequirements.Section).Select(option => (option.Name, option.Value)));

#pragma warning disable CA5350 // An identifier fixed by the original's registry, not a protection.
    public static string HashOf(string text) => Convert.ToHexStringLower(SHA1.HashData(Encoding.UTF8.GetBytes(text)));
#pragma warning restore CA5350
}
