using System.Runtime.InteropServices;

namespace Pillion.Net.Tls.OpenSsl;

/// <summary>The functions of OpenSSL 3's libcrypto that are used here: BIOs, errors, certificates and their verification, signatures.</summary>
internal static unsafe partial class LibCrypto
{
    public const string Name = "libcrypto";

    public const int BioTypeSourceSink = 0x400;
    public const int BioFlagRead = 0x1;
    public const int BioFlagRetry = 0x8;
    public const int BioControlInfo = 3;
    public const int BioControlFlush = 11;

    public const ulong InitNoAtExit = 0x80000;

    public const int LibraryPem = 9;
    public const int LibrarySsl = 20;
    public const int PemNoStartLine = 108;

    public const int NidSubjectAlternativeName = 85;
    public const int NameDns = 2;
    public const int NameUri = 6;
    public const int NameAddress = 7;
    public const uint ExtensionAuthority = 0x10;

    /// <summary>XN_FLAG_RFC2253.</summary>
    public const uint NameRfc2253 = 0x0111_0317;

    public const uint CheckRevocation = 0x4;
    public const uint CheckRevocationOfAll = 0x8;
    public const uint PartialChain = 0x80000;

    [LibraryImport(Name, EntryPoint = "OPENSSL_init_crypto")]
    public static partial int Initialize(ulong options, nint settings);

    [LibraryImport(Name, EntryPoint = "OpenSSL_version_num")]
    public static partial nuint VersionNumber();

    [LibraryImport(Name, EntryPoint = "ERR_clear_error"), SuppressGCTransition]
    public static partial void ClearErrors();

    [LibraryImport(Name, EntryPoint = "ERR_get_error")]
    public static partial nuint TakeError();

    [LibraryImport(Name, EntryPoint = "ERR_reason_error_string")]
    public static partial byte* ReasonText(nuint error);

    [LibraryImport(Name, EntryPoint = "CRYPTO_malloc")]
    public static partial byte* Allocate(nuint length, byte* file, int line);

    [LibraryImport(Name, EntryPoint = "CRYPTO_free")]
    public static partial void Free(void* memory, byte* file, int line);

    [LibraryImport(Name, EntryPoint = "RAND_bytes")]
    public static partial int RandomBytes(byte* buffer, int length);

    [LibraryImport(Name, EntryPoint = "EVP_sha256")]
    public static partial nint Sha256();

    [LibraryImport(Name, EntryPoint = "EVP_sha384")]
    public static partial nint Sha384();

    [LibraryImport(Name, EntryPoint = "EVP_sha512")]
    public static partial nint Sha512();

    [LibraryImport(Name, EntryPoint = "d2i_PUBKEY")]
    public static partial nint ReadPublicKey(nint* reuse, byte** der, nint length);

    [LibraryImport(Name, EntryPoint = "EVP_MD_CTX_new")]
    public static partial nint NewDigest();

    [LibraryImport(Name, EntryPoint = "EVP_MD_CTX_free")]
    public static partial void FreeDigest(nint context);

    [LibraryImport(Name, EntryPoint = "EVP_DigestVerifyInit")]
    public static partial int StartDigestVerification(nint context, nint* keyContext, nint digest, nint engine, nint key);

    [LibraryImport(Name, EntryPoint = "EVP_DigestVerify")]
    public static partial int DigestVerify(nint context, byte* signature, nuint signatureLength, byte* message, nuint messageLength);

    [LibraryImport(Name, EntryPoint = "EVP_PKEY_CTX_set_rsa_padding")]
    public static partial int SetRsaPadding(nint keyContext, int padding);

    [LibraryImport(Name, EntryPoint = "EVP_PKEY_CTX_set_rsa_pss_saltlen")]
    public static partial int SetPssSaltLength(nint keyContext, int length);

    [LibraryImport(Name, EntryPoint = "EVP_PKEY_free")]
    public static partial void FreeKey(nint key);

    [LibraryImport(Name, EntryPoint = "BIO_get_new_index")]
    public static partial int NewBioType();

    [LibraryImport(Name, EntryPoint = "BIO_meth_new")]
    public static partial nint NewBioMethod(int type, byte* name);

    [LibraryImport(Name, EntryPoint = "BIO_meth_set_read")]
    public static partial int SetBioRead(nint method, delegate* unmanaged[Cdecl]<nint, byte*, int, int> read);

    [LibraryImport(Name, EntryPoint = "BIO_meth_set_write")]
    public static partial int SetBioWrite(nint method, delegate* unmanaged[Cdecl]<nint, byte*, int, int> write);

    [LibraryImport(Name, EntryPoint = "BIO_meth_set_ctrl")]
    public static partial int SetBioControl(nint method, delegate* unmanaged[Cdecl]<nint, int, nint, void*, nint> control);

    [LibraryImport(Name, EntryPoint = "BIO_new")]
    public static partial nint NewBio(nint method);

    [LibraryImport(Name, EntryPoint = "BIO_free")]
    public static partial int FreeBio(nint bio);

    [LibraryImport(Name, EntryPoint = "BIO_set_flags"), SuppressGCTransition]
    public static partial void SetBioFlags(nint bio, int flags);

    [LibraryImport(Name, EntryPoint = "BIO_clear_flags"), SuppressGCTransition]
    public static partial void ClearBioFlags(nint bio, int flags);

    [LibraryImport(Name, EntryPoint = "BIO_s_mem")]
    public static partial nint MemoryBioMethod();

    [LibraryImport(Name, EntryPoint = "BIO_new_mem_buf")]
    public static partial nint NewMemoryBio(byte* bytes, int length);

    [LibraryImport(Name, EntryPoint = "BIO_ctrl")]
    public static partial nint ControlBio(nint bio, int command, nint number, void* pointer);

    [LibraryImport(Name, EntryPoint = "PEM_read_bio_X509")]
    public static partial nint ReadCertificate(nint bio, nint* reuse, delegate* unmanaged[Cdecl]<byte*, int, int, void*, int> password, void* argument);

    [LibraryImport(Name, EntryPoint = "PEM_read_bio_X509_CRL")]
    public static partial nint ReadRevocationList(nint bio, nint* reuse, delegate* unmanaged[Cdecl]<byte*, int, int, void*, int> password, void* argument);

    [LibraryImport(Name, EntryPoint = "PEM_read_bio_PrivateKey")]
    public static partial nint ReadKey(nint bio, nint* reuse, delegate* unmanaged[Cdecl]<byte*, int, int, void*, int> password, void* argument);

    [LibraryImport(Name, EntryPoint = "d2i_OCSP_RESPONSE")]
    public static partial nint ReadOcspResponse(nint* reuse, byte** der, nint length);

    [LibraryImport(Name, EntryPoint = "OCSP_response_status")]
    public static partial int OcspStatus(nint response);

    [LibraryImport(Name, EntryPoint = "OCSP_RESPONSE_free")]
    public static partial void FreeOcspResponse(nint response);

    [LibraryImport(Name, EntryPoint = "OPENSSL_sk_new_null")]
    public static partial nint NewStack();

    [LibraryImport(Name, EntryPoint = "OPENSSL_sk_push")]
    public static partial int Push(nint stack, nint item);

    [LibraryImport(Name, EntryPoint = "OPENSSL_sk_num")]
    public static partial int Count(nint stack);

    [LibraryImport(Name, EntryPoint = "OPENSSL_sk_value")]
    public static partial nint Item(nint stack, int index);

    [LibraryImport(Name, EntryPoint = "OPENSSL_sk_pop")]
    public static partial nint Pop(nint stack);

    [LibraryImport(Name, EntryPoint = "OPENSSL_sk_free")]
    public static partial void FreeStack(nint stack);

    [LibraryImport(Name, EntryPoint = "X509_free")]
    public static partial void FreeCertificate(nint certificate);

    [LibraryImport(Name, EntryPoint = "X509_CRL_free")]
    public static partial void FreeRevocationList(nint list);

    [LibraryImport(Name, EntryPoint = "X509_check_private_key")]
    public static partial int KeyFits(nint certificate, nint key);

    [LibraryImport(Name, EntryPoint = "i2d_X509")]
    public static partial int EncodeCertificate(nint certificate, byte** der);

    [LibraryImport(Name, EntryPoint = "X509_digest")]
    public static partial int Digest(nint certificate, nint digest, byte* result, uint* length);

    [LibraryImport(Name, EntryPoint = "X509_get_subject_name")]
    public static partial nint Subject(nint certificate);

    [LibraryImport(Name, EntryPoint = "X509_NAME_print_ex")]
    public static partial int PrintName(nint bio, nint name, int indent, uint flags);

    [LibraryImport(Name, EntryPoint = "X509_get0_serialNumber")]
    public static partial nint SerialNumber(nint certificate);

    [LibraryImport(Name, EntryPoint = "X509_get0_notBefore")]
    public static partial nint NotBefore(nint certificate);

    [LibraryImport(Name, EntryPoint = "X509_get0_notAfter")]
    public static partial nint NotAfter(nint certificate);

    [LibraryImport(Name, EntryPoint = "X509_get_extension_flags")]
    public static partial uint ExtensionFlags(nint certificate);

    [LibraryImport(Name, EntryPoint = "X509_get_key_usage")]
    public static partial uint KeyUsage(nint certificate);

    [LibraryImport(Name, EntryPoint = "X509_get_ext_d2i")]
    public static partial nint Extension(nint certificate, int nid, int* critical, int* index);

    [LibraryImport(Name, EntryPoint = "GENERAL_NAMES_free")]
    public static partial void FreeNames(nint names);

    [LibraryImport(Name, EntryPoint = "GENERAL_NAME_get0_value")]
    public static partial nint NameValue(nint name, int* type);

    [LibraryImport(Name, EntryPoint = "ASN1_STRING_get0_data")]
    public static partial byte* StringData(nint text);

    [LibraryImport(Name, EntryPoint = "ASN1_STRING_length")]
    public static partial int StringLength(nint text);

    [LibraryImport(Name, EntryPoint = "ASN1_TIME_to_tm")]
    public static partial int ToTime(nint time, int* fields);

    [LibraryImport(Name, EntryPoint = "X509_STORE_new")]
    public static partial nint NewStore();

    [LibraryImport(Name, EntryPoint = "X509_STORE_free")]
    public static partial void FreeStore(nint store);

    [LibraryImport(Name, EntryPoint = "X509_STORE_add_cert")]
    public static partial int AddCertificate(nint store, nint certificate);

    [LibraryImport(Name, EntryPoint = "X509_STORE_add_crl")]
    public static partial int AddRevocationList(nint store, nint list);

    [LibraryImport(Name, EntryPoint = "X509_STORE_set_flags")]
    public static partial int SetStoreFlags(nint store, uint flags);

    [LibraryImport(Name, EntryPoint = "X509_STORE_CTX_new")]
    public static partial nint NewVerification();

    [LibraryImport(Name, EntryPoint = "X509_STORE_CTX_free")]
    public static partial void FreeVerification(nint verification);

    [LibraryImport(Name, EntryPoint = "X509_STORE_CTX_init")]
    public static partial int StartVerification(nint verification, nint store, nint leaf, nint untrusted);

    [LibraryImport(Name, EntryPoint = "X509_STORE_CTX_set_default")]
    public static partial int SetPurpose(nint verification, byte* name);

    [LibraryImport(Name, EntryPoint = "X509_STORE_CTX_set_time")]
    public static partial void SetTime(nint verification, uint flags, nint unixSeconds);

    [LibraryImport(Name, EntryPoint = "X509_STORE_CTX_get0_param")]
    public static partial nint Parameters(nint verification);

    [LibraryImport(Name, EntryPoint = "X509_VERIFY_PARAM_set_auth_level")]
    public static partial void SetSecurityLevel(nint parameters, int level);

    [LibraryImport(Name, EntryPoint = "X509_STORE_CTX_set_verify_cb")]
    public static partial void SetVerificationCallback(nint verification, delegate* unmanaged[Cdecl]<int, nint, int> callback);

    [LibraryImport(Name, EntryPoint = "X509_verify_cert")]
    public static partial int Verify(nint verification);

    [LibraryImport(Name, EntryPoint = "X509_STORE_CTX_get_error")]
    public static partial int VerificationError(nint verification);

    [LibraryImport(Name, EntryPoint = "X509_STORE_CTX_set_error")]
    public static partial void SetVerificationError(nint verification, int error);

    [LibraryImport(Name, EntryPoint = "X509_STORE_CTX_get_error_depth")]
    public static partial int VerificationDepth(nint verification);

    [LibraryImport(Name, EntryPoint = "X509_STORE_CTX_get_current_cert")]
    public static partial nint FaultyCertificate(nint verification);

    [LibraryImport(Name, EntryPoint = "X509_STORE_CTX_get0_cert")]
    public static partial nint VerifiedLeaf(nint verification);

    [LibraryImport(Name, EntryPoint = "X509_STORE_CTX_get0_untrusted")]
    public static partial nint UntrustedChain(nint verification);

    [LibraryImport(Name, EntryPoint = "X509_verify_cert_error_string")]
    public static partial byte* VerificationText(nint error);
}
