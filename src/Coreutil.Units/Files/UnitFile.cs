using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;

namespace Coreutil.Units.Files;

/// <summary>One <c>Name=Value</c> line and the section it stands in.</summary>
public sealed record UnitOption(string Section, string Name, string Value);

/// <summary>A unit file as fleet keeps it: the options in order, without comments. Lists are repeated options.</summary>
public sealed record UnitFile(ImmutableArray<UnitOption> Options)
{
    /// <summary>
    /// The normalised text: sections in order of first appearance, a blank line between them. This is what is stored, written to disk and hashed.
    /// </summary>
    public string Serialise()
    {
        var text = new StringBuilder();
        foreach (string section in Options.Select(option => option.Section).Distinct(StringComparer.Ordinal))
        {
            text.Append(text.Length == 0 ? "" : "\n").Append('[').Append(section).Append("]\n");
            foreach (var option in Options.Where(option => option.Section == section))
            {
                text.Append(option.Name).Append('=').Append(option.Value).Append('\n');
            }
        }

        return text.ToString();
    }

    /// <summary>SHA-1 over the normalised text: fleet's name for the content of a unit.</summary>
#pragma warning disable CA5350 // An identifier fixed by the original's registry, not a protection.
    public byte[] Hash() => SHA1.HashData(Encoding.UTF8.GetBytes(Serialise()));
#pragma warning restore CA5350

    /// <summary>All values of an option, in order; an empty assignment is an empty string among them.</summary>
    public IEnumerable<string> Values(string section, string name) =>
        Options.Where(option => option.Section == section && option.Name == name).Select(option => option.Value);

    /// <summary>The last value of an option, which is the one that counts where systemd takes a single one.</summary>
    public string? Value(string section, string name) => Values(section, name).LastOrDefault();

    /// <summary>The values systemd sees of a list: an empty assignment throws away what came before it.</summary>
    public IEnumerable<string> ListValues(string section, string name)
    {
        string[] all = [.. Values(section, name)];
        return all.Skip(Array.LastIndexOf(all, "") + 1);
    }

    public bool HasSection(string section) => Options.Any(option => option.Section == section);
}

/// <summary>Where and why a text is no unit file. Line and column count from one.</summary>
public sealed record ParseFailure(int Line, int Column, string What);

public abstract record UnitFileResult
{
    private UnitFileResult()
    {
    }

    public sealed record Parsed(UnitFile File) : UnitFileResult;

    public sealed record Refused(ParseFailure Failure) : UnitFileResult;
}
