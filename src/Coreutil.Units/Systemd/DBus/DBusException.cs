namespace Coreutil.Units.Systemd.DBus;

/// <summary>The bus cannot be reached, broke off, or sent what no bus may send.</summary>
public sealed class DBusException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The other side refused a call; <see cref="Name"/> is its error name.</summary>
public sealed class DBusCallException(string name, string message) : Exception(message)
{
    public string Name => name;
}
