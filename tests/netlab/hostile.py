# SPDX-License-Identifier: GPL-2.0-or-later
"""A server that means harm: each port has a way of its own of answering a health check wrongly.

    python3 -m netlab.hostile ADDRESS FIRST_PORT

The port of a way is FIRST_PORT + its place in WAYS. Each has a process of its own, so that the floods
don't drown the others.
"""
import asyncio
import functools
import os
import signal
import socket
import ssl
import struct
import sys
import zlib

OK = b"HTTP/1.1 200 OK\r\n"
ZEROS = bytes(1 << 18)


@functools.cache
def bomb():
    """200 MB of zeros, in 200 kB of gzip."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(bytes(1 << 20)) for _ in range(200)) + packer.flush()


async def flood(writer, data):
    while True:
        writer.write(data)
        await writer.drain()


async def drip(reader, writer):
    """A valid answer, too slowly."""
    for byte in OK + b"X: " + b"y" * 10000:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.2)


async def half_close(reader, writer):
    writer.write(OK + b"Content-Length: 100\r\n")
    writer.write_eof()
    await asyncio.sleep(3600)


async def endless_headers(reader, writer):
    writer.write(OK)
    await flood(writer, b"X-Header: " + b"y" * 1000 + b"\r\n")


async def endless_line(reader, writer):
    await flood(writer, b"2" * 65536)


async def endless_continue(reader, writer):
    await flood(writer, b"HTTP/1.1 100 Continue\r\n\r\n" * 500)


async def garbage(reader, writer):
    await flood(writer, os.urandom(65536))


async def zeros(reader, writer):
    await flood(writer, ZEROS)


async def reset(reader, writer):
    writer.get_extra_info("socket").setsockopt(1, 13, struct.pack("ii", 1, 0))  # SO_LINGER
    writer.close()


async def silent(reader, writer):
    await asyncio.sleep(3600)


async def close(reader, writer):
    writer.close()


async def endless_body(reader, writer):
    writer.write(OK + b"\r\n")
    await flood(writer, ZEROS)


async def huge_length(reader, writer):
    writer.write(OK + b"Content-Length: 18446744073709551615\r\n\r\nx")
    await asyncio.sleep(3600)


async def huge_chunk(reader, writer):
    writer.write(OK + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n")
    await flood(writer, ZEROS)


async def endless_chunks(reader, writer):
    writer.write(OK + b"Transfer-Encoding: chunked\r\n\r\n")
    await flood(writer, b"1\r\na\r\n" * 10000)


async def gzip_bomb(reader, writer):
    packed = bomb()
    writer.write(OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed) + packed)
    await writer.drain()
    await asyncio.sleep(3600)


async def bombs_in_a_row(reader, writer):
    """Each decoded piece is small, but they never end."""
    writer.write(OK + b"Content-Encoding: gzip\r\n\r\n")
    await flood(writer, bomb())


async def evil_regex(reader, writer):
    writer.write(OK + b"\r\n")
    await flood(writer, b"a" * 65536)


async def tls_garbage(reader, writer):
    writer.write(b"\x16\x03\x03\xff\xff" + os.urandom(65535))
    await flood(writer, os.urandom(65536))


async def tls_stall(reader, writer):
    """The first half of a record header, and no more."""
    await reader.read(1)
    writer.write(b"\x16\x03")
    await asyncio.sleep(3600)


async def frames(reader, writer):
    """HTTP/2: settings that never end, each of which asks for an answer."""
    await flood(writer, b"\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64" * 1000)


async def long_frame(reader, writer):
    """As a message of PostgreSQL, MySQL and Redis at once: very long."""
    await reader.read(1)
    await flood(writer, b"R\x7f\xff\xff\xff" + bytes(65536))


async def bulk(reader, writer):
    """A bulk string of Redis with an absurd length."""
    await flood(writer, b"$2147483647\r\n" + bytes(65536))


WAYS = [drip, half_close, endless_headers, endless_line, endless_continue, garbage, zeros, reset, silent, close,
        endless_body, huge_length, huge_chunk, endless_chunks, gzip_bomb, bombs_in_a_row, evil_regex, tls_garbage,
        tls_stall, frames, long_frame, bulk]


def port_of(way, first):
    return first + [w.__name__ for w in WAYS].index(way)


async def serve(way, reader, writer):
    try:
        await way(reader, writer)
    except (OSError, ssl.SSLError):
        pass
    finally:
        writer.close()


async def listen(way, sock):
    server = await asyncio.start_server(lambda r, w: serve(way, r, w), sock=sock)
    await server.serve_forever()


def main(address, first):
    bomb()
    for number, way in enumerate(WAYS):
        sock = socket.create_server((address, first + number), backlog=128)
        if os.fork() == 0:
            asyncio.run(listen(way, sock))
            os._exit(0)
        sock.close()
    signal.pause()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
