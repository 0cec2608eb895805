using Coreutil.Units.Files;

namespace Coreutil.Tests.Units.Files;

// systemd.syntax(7).
public sealed class UnitFileReaderTests
{
    [Theory]
    [InlineData("[A]\nB=c", "A.B=c")]
    [InlineData("[A]\n  B = c  ", "A.B=c")]
    [InlineData("[A]\nB=one \\\n  two", "A.B=one    two")]
    [InlineData("[A]\nB=one \\\n# between\n; too\ntwo\nC=d", "A.B=one  two A.C=d")]
    [InlineData("[A]\nB=c\\\\\nC=d", "A.B=c\\\\ A.C=d")]
    [InlineData("[A]\nB=\n[C]\nD=e=f", "A.B= C.D=e=f")]
    public void Options_are_read(string text, string options) =>
        Assert.Equal(options, string.Join(' ', UnitFileReader.Read(text).File.Options.Select(option => $"{option.Section}.{option.Name}={option.Value}")));

    [Theory]
    [InlineData("B=c", "1:1: assignment outside of a section, ignored")]
    [InlineData("[A]\n  word", "2:3: missing '=', the line is ignored")]
    [InlineData("[A", "1:1: invalid section header '[A': systemd refuses the file (load state error), unitd ignores all up to the next section")]
    [InlineData("[A]\nB=1 \\\n2\nword", "4:1: missing '=', the line is ignored")]
    public void Lines_that_are_nothing_are_remarked(string text, string remark) =>
        Assert.Equal(remark, string.Join('|', UnitFileReader.Read(text).Remarks.Select(found => $"{found.Line}:{found.Column}: {found.What}")));
}
