using System.Runtime.InteropServices;

namespace Pillion.Net.Tls.OpenSsl;

/// <summary>
/// The functions of OpenSSL 3's libssl that are used here. Objects are opaque pointers, zero where there is none; numbers are those of the
/// headers of 3.0, which later versions keep.
/// </summary>
internal static unsafe partial class LibSsl
{
    public const string Name = "libssl";

    public const int ErrorWantRead = 2;
    public const int ErrorZeroReturn = 6;

    public const int VerifyNone = 0;
    public const int VerifyPeer = 1;
    public const int VerifyFailIfNoPeerCertificate = 2;

    public const long ModeAcceptMovingWriteBuffer = 0x2;
    public const long ModeAutoRetry = 0x4;
    public const long ModeReleaseBuffers = 0x10;

    public const ulong OptionNoTicket = 1 << 14;
    public const ulong OptionNoCompression = 1 << 17;
    public const ulong OptionPrioritizeChaCha = 1 << 21;
    public const ulong OptionServerPreference = 1 << 22;
    public const ulong OptionNoRenegotiation = 1 << 30;

    public const long SessionCacheOff = 0;
    public const long SessionCacheClient = 0x1;
    public const long SessionCacheNoInternalStore = 0x200;

    public const int ControlMode = 33;
    public const int ControlSessionCacheMode = 44;
    public const int ControlServerNameCallback = 53;
    public const int ControlSetHostName = 55;
    public const int ControlStatusCallback = 63;
    public const int ControlStatusResponse = 71;
    public const int ControlGroupsList = 92;
    public const int ControlMinProtocol = 123;
    public const int ControlMaxProtocol = 124;

    public const int ExtensionOk = 0;
    public const int ExtensionAlertFatal = 2;
    public const int ExtensionNoAck = 3;

    public const int TicketSuccess = 5;
    public const int TicketSuccessRenew = 6;
    public const int TicketReturnIgnoreRenew = 2;
    public const int TicketReturnUse = 3;
    public const int TicketReturnUseRenew = 4;

    [LibraryImport(Name, EntryPoint = "TLS_server_method")]
    public static partial nint ServerMethod();

    [LibraryImport(Name, EntryPoint = "TLS_client_method")]
    public static partial nint ClientMethod();

    [LibraryImport(Name, EntryPoint = "SSL_CTX_new")]
    public static partial nint NewContext(nint method);

    [LibraryImport(Name, EntryPoint = "SSL_CTX_free")]
    public static partial void FreeContext(nint context);

    [LibraryImport(Name, EntryPoint = "SSL_CTX_ctrl")]
    public static partial nint ControlContext(nint context, int command, nint number, void* pointer);

    [LibraryImport(Name, EntryPoint = "SSL_CTX_callback_ctrl")]
    public static partial nint ControlCallback(nint context, int command, void* callback);

    [LibraryImport(Name, EntryPoint = "SSL_CTX_set_options")]
    public static partial ulong SetOptions(nint context, ulong options);

    [LibraryImport(Name, EntryPoint = "SSL_CTX_set_cipher_list")]
    public static partial int SetCipherList(nint context, byte* list);

    [LibraryImport(Name, EntryPoint = "SSL_CTX_set_ciphersuites")]
    public static partial int SetCipherSuites(nint context, byte* list);

    [LibraryImport(Name, EntryPoint = "SSL_CTX_set_verify")]
    public static partial void SetVerify(nint context, int mode, void* callback);

    [LibraryImport(Name, EntryPoint = "SSL_CTX_set_cert_verify_callback")]
    public static partial void SetVerifyCallback(nint context, delegate* unmanaged[Cdecl]<nint, void*, int> callback, void* argument);

    [LibraryImport(Name, EntryPoint = "SSL_CTX_use_cert_and_key")]
    public static partial int UseCertificate(nint context, nint certificate, nint key, nint chain, int replace);

    [LibraryImport(Name, EntryPoint = "SSL_use_cert_and_key")]
    public static partial int UseCertificateOfConnection(nint ssl, nint certificate, nint key, nint chain, int replace);

    [LibraryImport(Name, EntryPoint = "SSL_certs_clear")]
    public static partial void ForgetCertificates(nint ssl);

    [LibraryImport(Name, EntryPoint = "SSL_CTX_set_session_id_context")]
    public static partial int SetSessionIdContext(nint context, byte* id, uint length);

    [LibraryImport(Name, EntryPoint = "SSL_CTX_set_num_tickets")]
    public static partial int SetTicketCount(nint context, nuint count);

    [LibraryImport(Name, EntryPoint = "SSL_CTX_set_session_ticket_cb")]
    public static partial int SetTicketCallbacks(nint context, delegate* unmanaged[Cdecl]<nint, void*, int> generate, delegate* unmanaged[Cdecl]<nint, nint, byte*, nuint, int, void*, int> decrypt, void* argument);

    [LibraryImport(Name, EntryPoint = "SSL_CTX_set_alpn_select_cb")]
    public static partial void SetProtocolCallback(nint context, delegate* unmanaged[Cdecl]<nint, byte**, byte*, byte*, uint, void*, int> callback, void* argument);

    [LibraryImport(Name, EntryPoint = "SSL_CTX_set_alpn_protos")]
    public static partial int OfferProtocols(nint context, byte* protocols, uint length);

    [LibraryImport(Name, EntryPoint = "SSL_CTX_sess_set_new_cb")]
    public static partial void SetNewSessionCallback(nint context, delegate* unmanaged[Cdecl]<nint, nint, int> callback);

    [LibraryImport(Name, EntryPoint = "SSL_new")]
    public static partial nint New(nint context);

    [LibraryImport(Name, EntryPoint = "SSL_free")]
    public static partial void Free(nint ssl);

    [LibraryImport(Name, EntryPoint = "SSL_set_bio")]
    public static partial void SetBio(nint ssl, nint read, nint write);

    [LibraryImport(Name, EntryPoint = "SSL_set_accept_state")]
    public static partial void SetAccept(nint ssl);

    [LibraryImport(Name, EntryPoint = "SSL_set_connect_state")]
    public static partial void SetConnect(nint ssl);

    [LibraryImport(Name, EntryPoint = "SSL_ctrl")]
    public static partial nint Control(nint ssl, int command, nint number, void* pointer);

    [LibraryImport(Name, EntryPoint = "SSL_do_handshake")]
    public static partial int Handshake(nint ssl);

    [LibraryImport(Name, EntryPoint = "SSL_read")]
    public static partial int Read(nint ssl, byte* buffer, int length);

    [LibraryImport(Name, EntryPoint = "SSL_peek")]
    public static partial int Peek(nint ssl, byte* buffer, int length);

    [LibraryImport(Name, EntryPoint = "SSL_write")]
    public static partial int Write(nint ssl, byte* buffer, int length);

    [LibraryImport(Name, EntryPoint = "SSL_shutdown")]
    public static partial int Shutdown(nint ssl);

    // Reads a field or two: cheaper without the switch that lets the collector run meanwhile.
    [LibraryImport(Name, EntryPoint = "SSL_pending"), SuppressGCTransition]
    public static partial int Pending(nint ssl);

    [LibraryImport(Name, EntryPoint = "SSL_get_error"), SuppressGCTransition]
    public static partial int GetError(nint ssl, int result);

    [LibraryImport(Name, EntryPoint = "SSL_free_buffers")]
    public static partial int FreeBuffers(nint ssl);

    [LibraryImport(Name, EntryPoint = "SSL_session_reused")]
    public static partial int IsResumed(nint ssl);

    [LibraryImport(Name, EntryPoint = "SSL_version")]
    public static partial int Version(nint ssl);

    [LibraryImport(Name, EntryPoint = "SSL_get_current_cipher")]
    public static partial nint CurrentCipher(nint ssl);

    [LibraryImport(Name, EntryPoint = "SSL_CIPHER_get_name")]
    public static partial byte* CipherName(nint cipher);

    [LibraryImport(Name, EntryPoint = "SSL_CIPHER_is_aead")]
    public static partial int CipherIsAead(nint cipher);

    [LibraryImport(Name, EntryPoint = "SSL_get0_alpn_selected")]
    public static partial void SelectedProtocol(nint ssl, byte** name, uint* length);

    [LibraryImport(Name, EntryPoint = "SSL_get_servername")]
    public static partial byte* ServerName(nint ssl, int type);

    [LibraryImport(Name, EntryPoint = "SSL_get_security_level")]
    public static partial int SecurityLevel(nint ssl);

    [LibraryImport(Name, EntryPoint = "SSL_set_session")]
    public static partial int SetSession(nint ssl, nint session);

    [LibraryImport(Name, EntryPoint = "SSL_get1_session")]
    public static partial nint SharedSession(nint ssl);

    [LibraryImport(Name, EntryPoint = "SSL_get_session")]
    public static partial nint Session(nint ssl);

    [LibraryImport(Name, EntryPoint = "SSL_get_peer_cert_chain")]
    public static partial nint PeerChain(nint ssl);

    [LibraryImport(Name, EntryPoint = "i2d_SSL_SESSION")]
    public static partial int EncodeSession(nint session, byte** encoded);

    [LibraryImport(Name, EntryPoint = "d2i_SSL_SESSION")]
    public static partial nint DecodeSession(nint* into, byte** encoded, nint length);

    [LibraryImport(Name, EntryPoint = "SSL_SESSION_set1_ticket_appdata")]
    public static partial int SetTicketData(nint session, byte* data, nuint length);

    [LibraryImport(Name, EntryPoint = "SSL_SESSION_get0_ticket_appdata")]
    public static partial int TicketData(nint session, byte** data, nuint* length);

    [LibraryImport(Name, EntryPoint = "SSL_SESSION_free")]
    public static partial void FreeSession(nint session);

    [LibraryImport(Name, EntryPoint = "SSL_SESSION_is_resumable")]
    public static partial int IsResumable(nint session);

    [LibraryImport(Name, EntryPoint = "SSL_SESSION_get0_peer")]
    public static partial nint PeerOfSession(nint session);

    [LibraryImport(Name, EntryPoint = "SSL_alert_desc_string_long")]
    public static partial byte* AlertName(int alert);
}
