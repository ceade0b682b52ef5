using System.Globalization;

namespace Pillion.Load;

/// <summary>One connection of libssl over a blocking socket, whose owner is somebody else.</summary>
internal sealed class TlsConnection : IDisposable
{
    private readonly nint _ssl;

    public TlsConnection(nint ssl, int descriptor, TlsSession? resume)
    {
        _ssl = ssl;
        Libssl.SSL_set_fd(ssl, descriptor);
        Libssl.SSL_ctrl(ssl, Libssl.ControlSetHostName, 0, "app.bench");
        if (resume is not null)
        {
            Libssl.SSL_set_session(ssl, resume.Handle);
        }

        var result = Libssl.SSL_connect(ssl);
        if (result != 1)
        {
            var error = Libssl.SSL_get_error(ssl, result);
            Libssl.SSL_free(ssl);
            throw new IOException(string.Create(CultureInfo.InvariantCulture, $"the TLS handshake failed: SSL_get_error gives {error}"));
        }
    }

    public bool IsResumed => Libssl.SSL_session_reused(_ssl) == 1;

    /// <summary>The newest ticket; those of TLS 1.3 come behind the handshake, so ask after an answer was read.</summary>
    public TlsSession Session() => new(Libssl.SSL_get1_session(_ssl));

    public void Send(ReadOnlySpan<byte> bytes)
    {
        var result = Libssl.SSL_write(_ssl, bytes, bytes.Length);
        if (result != bytes.Length)
        {
            throw new IOException(string.Create(CultureInfo.InvariantCulture, $"SSL_write gives {Libssl.SSL_get_error(_ssl, result)}"));
        }
    }

    /// <summary>0 at the end.</summary>
    public int Receive(Span<byte> buffer)
    {
        var result = Libssl.SSL_read(_ssl, buffer, buffer.Length);
        return result > 0 ? result : Libssl.SSL_get_error(_ssl, result) == Libssl.ErrorZeroReturn
            ? 0
            : throw new IOException(string.Create(CultureInfo.InvariantCulture, $"SSL_read gives {Libssl.SSL_get_error(_ssl, result)}"));
    }

    /// <summary>Says good-bye without waiting for the answer: a session that ended otherwise must not be resumed.</summary>
    public void Shutdown() => Libssl.SSL_shutdown(_ssl);

    public void Dispose() => Libssl.SSL_free(_ssl);
}
