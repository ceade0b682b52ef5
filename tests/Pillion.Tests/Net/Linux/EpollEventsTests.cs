using System.Runtime.InteropServices;
using Pillion.Net.Linux;
using Xunit;

namespace Pillion.Tests.Net.Linux;

public sealed unsafe class EpollEventsTests
{
    [Fact]
    public void The_kernel_and_we_agree_on_the_layout_of_several_events()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "epoll is Linux's");
        const int Count = 5;
        using var events = new EpollEvents(16);
        var epoll = Libc.EpollCreate(Libc.EPOLL_CLOEXEC);
        var descriptors = new List<int>();
        try
        {
            var entry = stackalloc byte[16];
            for (var i = 0; i < Count; i++)
            {
                // Ready at once, each with data whose every byte tells.
                var descriptor = Libc.EventFd(1, Libc.EFD_NONBLOCK | Libc.EFD_CLOEXEC);
                descriptors.Add(descriptor);
                EpollEvents.Write(entry, Libc.EPOLLIN, 0x0102030405060700UL + (ulong)i);
                Assert.Equal(0, Libc.EpollControl(epoll, Libc.EPOLL_CTL_ADD, descriptor, entry));
            }

            Assert.Equal(Count, Libc.EpollWait(epoll, events.Pointer, events.Capacity, 0));
            var seen = Enumerable.Range(0, Count).Select(events.Data).Order();
            Assert.Equal(Enumerable.Range(0, Count).Select(i => 0x0102030405060700UL + (ulong)i), seen);
            Assert.All(Enumerable.Range(0, Count), i => Assert.Equal(Libc.EPOLLIN, events.Flags(i)));
        }
        finally
        {
            descriptors.ForEach(descriptor => Libc.Close(descriptor));
            Libc.Close(epoll);
        }
    }

    [Fact]
    public void The_stride_is_that_of_this_architecture()
    {
        using var events = new EpollEvents(2);
        var stride = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;
        EpollEvents.Write((byte*)events.Pointer + stride, 7, 9);
        Assert.Equal(7u, events.Flags(1));
        Assert.Equal(9ul, events.Data(1));
        Assert.Equal(0u, events.Flags(0));
    }
}
