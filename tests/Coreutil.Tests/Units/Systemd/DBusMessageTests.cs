using Coreutil.Units.Systemd;
using Coreutil.Units.Systemd.DBus;

namespace Coreutil.Tests.Units.Systemd;

// D-Bus specification, "Message Protocol" and "Type System".
public sealed class DBusMessageTests
{
    [Fact]
    public void A_message_survives_the_wire()
    {
        var read = DBusMessage.Parse(Call().Serialise());

        Assert.Equal(("/org/freedesktop/systemd1", "a.b", "StartUnit", "c.d", "ss"), (read.Path, read.Interface, read.Member, read.Destination, read.Signature));
        var body = read.Read("ss");
        Assert.Equal("hello.service", body.ReadString());
        Assert.Equal("replace", body.ReadString());
    }

    [Fact]
    public void The_length_is_known_from_the_first_sixteen_bytes()
    {
        byte[] bytes = Call().Serialise();

        Assert.Equal(bytes.Length, DBusMessage.LengthOf(bytes));
    }

    // A reply of a big-endian peer: NoReply-less method return 7 to serial 5, body u=258.
    [Fact]
    public void The_other_byte_order_is_read_too()
    {
        byte[] bytes =
        [
            (byte)'B', 2, 0, 1, 0, 0, 0, 4, 0, 0, 0, 7, 0, 0, 0, 15, 5, 1, (byte)'u', 0, 0, 0, 0, 5, 8, 1, (byte)'g', 0, 1, (byte)'u', 0, 0, 0, 0, 1, 2,
        ];

        var read = DBusMessage.Parse(bytes);

        Assert.Equal(bytes.Length, DBusMessage.LengthOf(bytes));
        Assert.Equal(5u, read.ReplySerial);
        Assert.Equal(258u, read.Read("u").ReadUInt32());
    }

    [Theory]
    [InlineData(0, 'x', "begins with the byte")]
    [InlineData(3, 2, "protocol version")]
    [InlineData(7, 0x7f, "too long")]
    [InlineData(15, 0x7f, "too long")]
    public void A_start_that_is_no_messages_is_refused(int position, int value, string why)
    {
        byte[] bytes = Call().Serialise();
        bytes[position] = (byte)value;

        Assert.Contains(why, Assert.Throws<DBusException>(() => DBusMessage.LengthOf(bytes)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(8, 0, "lacks fields")]
    [InlineData(1, 0, "lacks fields")]
    [InlineData(1, 4, null)]
    [InlineData(18, 's', "header field 1")]
    [InlineData(20, 0xff, "does not fit")]
    [InlineData(26, 0xff, "UTF-8")]
    [InlineData(26, 0, "null byte")]
    public void A_header_that_is_wrong_is_refused(int position, int value, string? why)
    {
        byte[] bytes = Call().Serialise();
        bytes[position] = (byte)value;
        if (why is null)
        {
            Assert.Equal(DBusMessageType.Signal, DBusMessage.Parse(bytes).Type);
            return;
        }

        Assert.Contains(why, Assert.Throws<DBusException>(() => DBusMessage.Parse(bytes)).Message, StringComparison.Ordinal);
    }

    // Whatever a hostile peer sends: a message, or a refusal that names it; never another exception, never an endless loop.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Random_bytes_are_refused_or_read(int seed)
    {
        var random = new Random(seed);
        byte[] good = Call().Serialise();
        int refused = 0;
        for (int round = 0; round < 20_000; round++)
        {
            byte[] bytes = [.. good];
            for (int change = random.Next(1, 6); change > 0; change--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            try
            {
                if (DBusMessage.LengthOf(bytes) == bytes.Length)
                {
                    var read = DBusMessage.Parse(bytes).Read();
                    read.Skip(DBusMessage.Parse(bytes).Signature);
                }
            }
            catch (DBusException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, 1000, 20_000);
    }

    [Theory]
    [InlineData("a(ssssssouso)")]
    [InlineData("a{sv}")]
    [InlineData("aas")]
    [InlineData("((yv)ax)")]
    public void Any_type_is_passed_over(string signature)
    {
        var reader = new DBusReader(new byte[16], isBigEndian: false);
        if (signature == "((yv)ax)")
        {
            // A variant needs a type: an empty signature inside is refused.
            Assert.Contains("cut off", SkipFails(new byte[32], signature), StringComparison.Ordinal);
            return;
        }

        reader.Skip(signature);
        Assert.InRange(reader.Position, 4, 8);
    }

    [Theory]
    [InlineData("(")]
    [InlineData("a")]
    [InlineData("Q")]
    [InlineData("((((((((((((((((((((((((((((((((((u))))))))))))))))))))))))))))))))))")]
    public void A_signature_that_is_none_is_refused(string signature) => Assert.NotEqual("", SkipFails(new byte[64], signature));

    [Theory]
    [InlineData("hello.service", "/org/freedesktop/systemd1/unit/hello_2eservice")]
    [InlineData("app@80.service", "/org/freedesktop/systemd1/unit/app_4080_2eservice")]
    [InlineData("9.service", "/org/freedesktop/systemd1/unit/_39_2eservice")]
    [InlineData("a-b_c.service", "/org/freedesktop/systemd1/unit/a_2db_5fc_2eservice")]
    public void A_unit_has_an_object(string unit, string path) => Assert.Equal(path, SystemdManagerCalls.ObjectPath(unit));

    [Theory]
    [InlineData("unix:path=/run/bus", "/run/bus")]
    [InlineData("unix:path=/run/bus,guid=12", "/run/bus")]
    [InlineData("tcp:host=h;unix:abstract=/tmp/x%20y", "@/tmp/x y")]
    [InlineData("tcp:host=h", null)]
    public void An_address_names_a_socket(string address, string? path) => Assert.Equal(path, DBusAddress.SocketPath(address));

    private static string SkipFails(byte[] bytes, string signature) => Assert.Throws<DBusException>(() =>
    {
        var reader = new DBusReader(bytes, isBigEndian: false);
        reader.Skip(signature);
    }).Message;

    private static DBusMessage Call() => new()
    {
        Type = DBusMessageType.MethodCall,
        Serial = 5,
        Path = "/org/freedesktop/systemd1",
        Interface = "a.b",
        Member = "StartUnit",
        Destination = "c.d",
        Signature = "ss",
        Body = new DBusWriter().WriteString("hello.service").WriteString("replace").Written.ToArray(),
    };
}
