namespace Coreutil.Units.Systemd;

/// <summary>systemd refused or cannot be reached; the message names the call and the unit.</summary>
public sealed class SystemdException(string message, Exception? inner = null) : Exception(message, inner);
