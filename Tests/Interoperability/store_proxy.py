"""A proxy in front of an object store. It keeps the Host field, so signatures hold.

    store_proxy.py PORT [FAULT WHICH] [--tls CERTIFICATE KEY]

PORT is the store's, on loopback. WHICH is the number of a request, from 1, or a regular expression that its request line matches;
the fault happens to the first such request:

    refuse     close the connection without forwarding the request
    lose       forward it, and close the connection without an answer
    503, 409   answer that without forwarding it
    stall      hold it back; SIGUSR1 forwards it
    swallow    forward it and never answer

To CONNECT, whatever its host, it opens a tunnel to the store's port.

Prints `listening on PORT`, then for each request its number and request line, and for a fault `fault on` with the same.
"""

import argparse
import asyncio
import re
import signal
import ssl

options = argparse.ArgumentParser()
options.add_argument("port", type=int)
options.add_argument("fault", nargs="?")
options.add_argument("which", nargs="?", default="")
options.add_argument("--tls", nargs=2)
options = options.parse_args()

CODES = {"503": ("SlowDown", "Please reduce your request rate."), "409": ("ConditionalRequestConflict", "Try again.")}
count = 0
is_done = options.fault is None
go_on = asyncio.Event()


async def read_message(reader, has_body=True):
    head = await reader.readuntil(b"\r\n\r\n")
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:-2])
    if not has_body:
        return head
    if b"content-length" in fields:
        return head + await reader.readexactly(int(fields[b"content-length"]))
    if fields.get(b"transfer-encoding") == b"chunked":
        size = None
        while size != 0:
            line = await reader.readline()
            size = int(line.split(b";")[0], 16)
            head += line + await reader.readexactly(size + 2)
    return head


async def forward(message, line):
    reader, writer = await asyncio.open_connection("127.0.0.1", options.port)
    try:
        writer.write(message)
        await writer.drain()
        while True:
            answer = await read_message(reader, has_body=not line.startswith("HEAD "))
            if not answer.startswith(b"HTTP/1.1 1"):
                return answer
    finally:
        writer.close()


def is_hit(line):
    if options.which.isdigit():
        return count == int(options.which)
    return re.search(options.which, line)


async def tunnel(reader, writer):
    """Passes bytes between a client and the store."""

    async def copy(source, target):
        while data := await source.read(1 << 16):
            target.write(data)
            await target.drain()
        target.close()

    store_reader, store_writer = await asyncio.open_connection("127.0.0.1", options.port)
    await asyncio.gather(copy(reader, store_writer), copy(store_reader, writer))


async def answer_to(message):
    """None ends the connection."""
    global count, is_done
    count += 1
    line = message.split(b"\r\n", 1)[0].decode().removesuffix(" HTTP/1.1")
    is_faulty = not is_done and is_hit(line)
    print("fault on" if is_faulty else "", count, line, flush=True)
    if line.startswith("CONNECT "):
        return b"HTTP/1.1 200 OK\r\n\r\n"
    if not is_faulty:
        return await forward(message, line)
    is_done = True
    fault = options.fault
    if fault in CODES:
        code, text = CODES[fault]
        body = f"<Error><Code>{code}</Code><Message>{text}</Message></Error>"
        return f"HTTP/1.1 {fault} X\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
    if fault == "stall":
        await go_on.wait()
        return await forward(message, line)
    if fault in ("lose", "swallow"):
        await forward(message, line)
    if fault == "swallow":
        await asyncio.Event().wait()
    return None


async def serve(reader, writer):
    try:
        while answer := await answer_to(message := await read_message(reader)):
            writer.write(answer)
            await writer.drain()
            if message.startswith(b"CONNECT "):
                return await tunnel(reader, writer)
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main():
    context = None
    if options.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*options.tls)
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context, limit=1 << 20)
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, go_on.set)
    print("listening on", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
