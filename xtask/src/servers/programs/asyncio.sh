start() {
    cat > server.py <<C
import asyncio
PAGE = b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + b"x" * 5000
async def serve(reader, writer):
    try:
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(PAGE)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()
async def main():
    await (await asyncio.start_server(serve, "127.0.0.1", 8080)).serve_forever()
asyncio.run(main())
C
    python3 server.py &
    reach 8080
}
load() { wrk -t 1 -c 32 -d 60 http://127.0.0.1:8080/; }
