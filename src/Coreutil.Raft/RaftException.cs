namespace Coreutil.Raft;

/// <summary>
/// An invariant does not hold: this member lost what it had acknowledged, or there is a bug. Going on could lose acknowledged writes, so
/// the shell ends the process.
/// </summary>
public sealed class RaftException(string message) : Exception(message);
