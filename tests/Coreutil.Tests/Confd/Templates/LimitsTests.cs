using System.Text;
using Coreutil.Confd;
using Coreutil.Confd.Functions;
using Coreutil.Confd.Templates;

namespace Coreutil.Tests.Confd.Templates;

// Issue 6, part 1: no template takes the process, the memory or for ever.
public sealed class LimitsTests
{
    private const string Steps = "the template took more than 100000 steps";
    private const string Text = "text of more than 67108864 bytes";

    [Theory]
    [InlineData("{{range seq 1 9999}}{{range seq 1 9999}}{{end}}{{end}}")]
    [InlineData("{{$n := seq 1 9}}{{range $n}}{{range $n}}{{range $n}}{{range $n}}{{range $n}}{{range $n}}{{end}}{{end}}{{end}}{{end}}{{end}}{{end}}")]
    [InlineData("{{define \"T\"}}{{if lt . 60}}{{template \"T\" (add . 1)}}{{template \"T\" (add . 1)}}{{end}}{{end}}{{template \"T\" 0}}")]
    [InlineData("{{range seq 1 99}}{{$x := seq 1 9999}}{{end}}")]
    [InlineData("{{$s := printf \"%999999d\" 1}}{{$x := print $s $s}}{{$x = print $x $x}}")]
    public void Work_ends_after_so_many_steps(string template) => Assert.EndsWith(": " + Steps, Refusal(template, 100_000), StringComparison.Ordinal);

    [Theory]
    [InlineData("{{$s := printf \"%999999d\" 1}}{{range seq 1 99}}{{$s}}{{end}}", Text)]
    [InlineData("{{$s := printf \"%999999d\" 1}}{{$x := replace $s \" \" $s -1}}", "error calling replace: " + Text)]
    [InlineData("{{$s := \"aa\"}}{{range seq 1 64}}{{$s = print $s $s}}{{end}}", "error calling print: " + Text)]
    [InlineData("{{$s := printf \"%999999d\" 1}}{{$x := join (split $s \"\") $s}}", "error calling join: " + Text)]
    [InlineData("{{$s := printf \"%999999d\" 1}}{{$x := indent 1000 (replace $s \" \" \"\\n\" -1)}}", "error calling indent: " + Text)]
    // Each map holds the one before it twice.
    [InlineData("{{$m := map \"a\" 1}}{{range seq 1 64}}{{$m = map \"a\" $m \"b\" $m}}{{end}}{{$m}}", Text)]
    [InlineData("{{$m := map \"a\" 1}}{{range seq 1 64}}{{$m = map \"a\" $m \"b\" $m}}{{end}}{{toJSON $m}}", "error calling toJSON: " + Text)]
    [InlineData("{{$m := map \"a\" 1}}{{range seq 1 64}}{{$m = map \"a\" $m \"b\" $m}}{{end}}{{toYAML $m}}", "error calling toYAML: " + Text)]
    [InlineData("{{seq 0 10000000}}", "error calling seq: seq of more than 10000000 numbers")]
    [InlineData("{{$s := printf \"%999999d\" 1}}{{atoi (replace $s \" \" \"1\" -1) | len}}", "value out of range")] // at once, not in the square of its length
    public void Memory_ends_at_so_many_bytes(string template, string refusal) => Assert.EndsWith(refusal, Refusal(template, Limits.MostSteps), StringComparison.Ordinal);

    [Fact]
    public void A_number_of_any_length_is_read_at_once()
    {
        Assert.EndsWith("illegal number syntax: \"" + new string('9', 200_000) + "\"", Refusal("{{" + new string('9', 200_000) + "}}", Limits.MostSteps), StringComparison.Ordinal);
    }

    // What bad verbs print has no text of its own, and must not be asked for it for ever.
    [Fact]
    public void A_mistake_about_a_time_ends() =>
        Assert.Equal("{128654842 55340232221 0}", Execute("{{printf \"%d\" (datetime.UTC.Truncate 9223372036854775807)}}", Limits.MostSteps));

    private static string Refusal(string template, long mostSteps) => Assert.Throws<TemplateException>(() => Execute(template, mostSteps)).Message;

    private static string Execute(string template, long mostSteps)
    {
        var functions = FunctionSet.Create(KeyMap.Create([], "/"), new HostView(_ => null, TimeProvider.System));
        return Encoding.UTF8.GetString(Template.Parse("t", Encoding.UTF8.GetBytes(template), functions).Execute(Value.Missing, mostSteps));
    }
}
