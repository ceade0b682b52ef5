using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Pillion.Net.Tls.OpenSsl;

/// <summary>
/// Where OpenSSL thinks its network is: reads take from the slab of what has arrived, writes fill the slab of what is to be sent. Calls into
/// OpenSSL never wait, so the engine whose call it is on this thread is the one that its BIO belongs to; no handle is kept in it.
/// </summary>
internal static unsafe class CipherBio
{
    private static readonly nint Method = CreateMethod();

    public static nint New() => LibCrypto.NewBio(Method);

    private static nint CreateMethod()
    {
        nint method;
        fixed (byte* name = "pillion slabs\0"u8)
        {
            method = LibCrypto.NewBioMethod(LibCrypto.NewBioType() | LibCrypto.BioTypeSourceSink, name);
        }

        LibCrypto.SetBioRead(method, &Read);
        LibCrypto.SetBioWrite(method, &Write);
        LibCrypto.SetBioControl(method, &Control);
        return method;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Read(nint bio, byte* buffer, int length)
    {
        var count = SslEngine.Current.TakeInput(new Span<byte>(buffer, length));
        if (count > 0)
        {
            return count;
        }

        LibCrypto.SetBioFlags(bio, LibCrypto.BioFlagRead | LibCrypto.BioFlagRetry);
        return -1;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Write(nint bio, byte* bytes, int length) => SslEngine.Current.AppendOutput(new ReadOnlySpan<byte>(bytes, length)) ? length : -1;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nint Control(nint bio, int command, nint number, void* pointer) => command == LibCrypto.BioControlFlush ? 1 : 0;
}
