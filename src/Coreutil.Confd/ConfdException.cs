namespace Coreutil.Confd;

/// <summary>A fault of the configuration or the backend; the message is the whole line.</summary>
public sealed class ConfdException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Waiting may help: a key is not there yet, or the backend does not answer.</summary>
    public bool MayPass { get; init; }
}
