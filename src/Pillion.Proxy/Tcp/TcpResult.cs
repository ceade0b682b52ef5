using Pillion.Net.Sockets;

namespace Pillion.Proxy.Tcp;

/// <summary>What became of a relayed connection.</summary>
/// <param name="FromClient">Bytes received from the client.</param>
/// <param name="ToClient">Bytes sent to the client.</param>
/// <param name="Error">What the system said of the side that broke; ok where none did.</param>
internal readonly record struct TcpResult(TcpEnd End, long FromClient, long ToClient, IoResult Error);
