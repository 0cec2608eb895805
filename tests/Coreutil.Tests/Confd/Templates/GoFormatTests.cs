using System.Text;
using Coreutil.Confd;
using Coreutil.Confd.Functions;
using Coreutil.Confd.Templates;

namespace Coreutil.Tests.Confd.Templates;

// Each row is what Go 1.19's fmt and text/template print, seen by running confd beside ours over generated templates.
public sealed class GoFormatTests
{
    private const string Data =
        "{{$d := json \"{\\\"n\\\":42,\\\"a\\\":[1,\\\"x\\\",null],\\\"o\\\":{\\\"k\\\":null}}\"}}{{$s := split \"a,b\" \",\"}}{{$t := datetime.UTC.Truncate 9223372036854775807}}";

    // A mistake is printed under the flags, the width and the precision it was made with.
    [Theory]
    [InlineData("%5.1F", "\"ab\"", "%!F(string=    a)")]
    [InlineData("% d", "42.0", "%!d(float64= 42)")]
    [InlineData("%-+8d|", "1.0", "%!d(float64=+1      )|")]
    [InlineData("%#o", "1.0", "%!o(float64=1.00000)")]
    [InlineData("%f", "$t.Month", "%!f(time.Month=8)")] // and a text of its own is not asked for
    [InlineData("%012w", "$s", "%!w([]string=[00000000000a 00000000000b])")]
    [InlineData("%d", "$d.a", "[%!d(float64=1) %!d(string=x) <nil>]")] // nil in a list has no use for a verb
    [InlineData("%9v", "$d.o", "map[        k:<nil>]")]
    [InlineData("%d", "nil", "%!d(<nil>)")]
    public void A_mistake_is_printed_as_it_stands(string format, string operands, string expected) => Assert.Equal(expected, Printf(format, operands));

    [Theory]
    [InlineData("%#g|%#v", "5i 5i", "(0.00000+5.00000i)|(0+5i)")]
    [InlineData("%#g|%#.3g|%#f|%#.0f|%#e", "1.0 1.0 1.0 1.0 1.0", "1.00000|1.00|1.000000|1.|1.000000e+00")]
    [InlineData("%#g|%#g", "0.0 1e21", "0.00000|1.00000e+21")]
    [InlineData("%+v|%+d", "5 5", "5|+5")] // with %v the plus is of fields
    public void The_sharp_flag_keeps_the_decimal_point(string format, string operands, string expected) => Assert.Equal(expected, Printf(format, operands));

    [Theory]
    [InlineData("%[-1]d", "1", "%!d(BADINDEX)")]
    [InlineData("%*d", "$t.Month 7", "       7")] // every integer is a width
    [InlineData("%.*[2]d", "$t.Month 7", "00000007")]
    [InlineData("%.3T|%6.2T|%T", "1.5 1 nil", "flo|    in|<nil>")]
    [InlineData("%#v|%#v", "$t $t.Month", "time.Date(1754, time.August, 30, 22, 43, 41, 128654842, time.UTC)|8")]
    [InlineData("%.3g", "0.0", "0")]
    [InlineData("%U", "-1", "U+FFFFFFFFFFFFFFFF")]
    [InlineData("%*d", "\"x\" 7", "%!(BADWIDTH)7")]
    [InlineData("%.", "1", "%!.(int=1)")] // a lone dot at the end is a verb
    [InlineData("%1000001d", "1", "%!(NOVERB)%!(EXTRA int=1)")] // Go reads no further
    public void Widths_and_indexes_are_read_as_by_Go(string format, string operands, string expected) => Assert.Equal(expected, Printf(format, operands));

    [Theory]
    [InlineData("{{html .x 1}}", "&lt;no value&gt;1")] // nothing is printed as a text
    [InlineData("{{js .x}}{{js \"\\x7f\\x01\"}}", "\\u003Cno value\\u003E\x7f\\u0001")]
    [InlineData("{{urlquery $d.a 1}}", "%5B1+x+%3Cnil%3E%5D+1")]
    public void Escapers_print_their_operands(string template, string expected) => Assert.Equal(expected, Render(template));

    [Theory]
    [InlineData("{{eq $s 1}}", "incompatible types for comparison")]
    [InlineData("{{eq $s $s}}", "non-comparable type [a b]: []string")]
    [InlineData("{{ne $d.a $d.a}}", "non-comparable type [%!s(float64=1) x <nil>]: []interface {}")]
    [InlineData("{{eq $s $d.o}}", "non-comparable types [a b]: []string, map[string]interface {}: map[k:<nil>]")]
    [InlineData("{{slice \"abc\" $d.n}}", "cannot index slice/array with type interface {}")] // what index takes out of its interface, slice does not
    [InlineData("{{index $s $d.n}}", "cannot index slice/array with type float64")]
    public void What_cannot_be_compared_or_cut_is_told_by_its_type(string template, string expected) =>
        Assert.EndsWith(": " + expected, Assert.Throws<TemplateException>(() => Render(template)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("{{($t.Add 1499999999).Round 1000000000}}", "1754-08-30 22:43:43 +0000 UTC")]
    [InlineData("{{$t.UnixMilli}} {{$t.UnixMicro}}", "-6795364578872 -6795364578871346")]
    public void Times_are_rounded_and_counted(string template, string expected) => Assert.Equal(expected, Render(template));

    private static string Printf(string format, string operands) => Render($"{{{{printf `{format}` {operands}}}}}");

    private static string Render(string template)
    {
        var functions = FunctionSet.Create(KeyMap.Create([], "/"), new HostView(_ => null, TimeProvider.System));
        return Encoding.UTF8.GetString(Template.Parse("t", Encoding.UTF8.GetBytes(Data + template), functions).Execute(Value.Missing));
    }
}
