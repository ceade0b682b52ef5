namespace Pillion.Load;

/// <summary>TLS 1.3 as a client: whom to trust, what to show. The library's own settings otherwise.</summary>
internal sealed class ClientTls
{
    private readonly nint _context;

    /// <param name="files">CA, or CA,CERTIFICATE,KEY: PEM files.</param>
    public ClientTls(string files)
    {
        var parts = files.Split(',');
        if (parts.Length is not (1 or 3))
        {
            throw new FormatException($"--tls takes CA or CA,CERTIFICATE,KEY, not '{files}'");
        }

        _context = Libssl.SSL_CTX_new(Libssl.TLS_client_method());
        Libssl.SSL_CTX_ctrl(_context, Libssl.ControlSetMinimumVersion, Libssl.Tls13, 0);
        Libssl.SSL_CTX_set_verify(_context, Libssl.VerifyPeer, 0);
        Check(Libssl.SSL_CTX_load_verify_locations(_context, parts[0], null), parts[0]);
        if (parts.Length == 3)
        {
            Check(Libssl.SSL_CTX_use_certificate_chain_file(_context, parts[1]), parts[1]);
            Check(Libssl.SSL_CTX_use_PrivateKey_file(_context, parts[2], Libssl.FileTypePem), parts[2]);
        }
    }

    public TlsConnection Connect(int descriptor, TlsSession? resume = null) => new(Libssl.SSL_new(_context), descriptor, resume);

    private static void Check(int result, string file)
    {
        if (result != 1)
        {
            throw new IOException($"OpenSSL does not take '{file}'");
        }
    }
}
