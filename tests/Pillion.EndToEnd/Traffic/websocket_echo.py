"""Echoes over WebSocket through the proxy with Debian's python3-websockets, as server and as client. Usage: websocket_echo.py SERVER_PORT PROXY_PORT"""
import asyncio
import sys

import websockets


async def echo(socket, path=None):
    async for message in socket:
        await socket.send(message)


async def main(server_port, proxy_port):
    async with websockets.serve(echo, "127.0.0.1", server_port, max_size=None):
        async with websockets.connect(f"ws://127.0.0.1:{proxy_port}/chat", max_size=None) as socket:
            for message in ["hello", "", "ü" * 1000, b"\x00\xff" * 100_000, "x" * 1_000_000]:
                await socket.send(message)
                answer = await socket.recv()
                assert answer == message, f"sent {len(message)}, received {len(answer)}"
            await asyncio.wait_for(await socket.ping(), 10)

            # Many at once, both ways at the same time.
            sending = asyncio.gather(*(socket.send(f"message {i}") for i in range(1000)))
            for i in range(1000):
                assert await socket.recv() == f"message {i}"
            await sending
        assert socket.close_code == 1000, socket.close_code
    print("echoed")


asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
