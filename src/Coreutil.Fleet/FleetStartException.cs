namespace Coreutil.Fleet;

/// <summary>fleetd cannot start as it was told to; the message is one line that says what, where and what to do.</summary>
public sealed class FleetStartException(string message, Exception? inner = null) : Exception(message, inner);
