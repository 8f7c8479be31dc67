import assert from "node:assert/strict";
import { ZmtpSocket } from "../../scripts/notebooks/zmtp.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** A listener, and what a peer that follows `play` makes of one connection. */
async function withPeer(
  play: (peer: Deno.TcpConn) => Promise<void>,
  use: (socket: ZmtpSocket) => Promise<void>,
  type: "DEALER" | "SUB" = "DEALER",
): Promise<void> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const peer = listener.accept().then(async (connection) => {
    using open = connection;
    await greet(open);
    await play(open);
  });
  const { port } = listener.addr;
  using socket = await ZmtpSocket.open(await Deno.connect({ hostname: "127.0.0.1", port }), type);
  await use(socket);
  await peer;
}

/** The peer's half of the handshake, byte by byte as RFC 23 has it. */
async function greet(connection: Deno.TcpConn): Promise<void> {
  const greeting = await read(connection, 64);
  assert.deepEqual([...greeting.subarray(0, 12)], [0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 3, 0]);
  assert.deepEqual(greeting.subarray(12, 32), bytes("NULL".padEnd(20, "\0")));
  await connection.write(greeting);
  const [flags, length] = await read(connection, 2);
  assert.equal(flags, 4);
  assert.deepEqual((await read(connection, length!)).subarray(0, 6), bytes("\x05READY"));
  await connection.write(Uint8Array.of(4, 6, ...bytes("\x05READY")));
}

async function read(connection: Deno.TcpConn, length: number): Promise<Uint8Array> {
  const all = new Uint8Array(length);
  for (let have = 0; have < length;) {
    const count = await connection.read(all.subarray(have));
    assert.ok(count, "the connection was closed too early");
    have += count;
  }
  return all;
}

Deno.test("send() marks all parts but the last, and gives a part of 256 bytes a long length", async () => {
  const long = new Uint8Array(256).fill(7);
  await withPeer(async (peer) => {
    assert.deepEqual([...await read(peer, 4)], [1, 2, ...bytes("ab")]);
    assert.deepEqual([...await read(peer, 9)], [3, 0, 0, 0, 0, 0, 0, 1, 0]);
    assert.deepEqual(await read(peer, 256), long);
    assert.deepEqual([...await read(peer, 2)], [0, 0]);
  }, (socket) => socket.send([bytes("ab"), long, new Uint8Array(0)]));
});

Deno.test("receive() joins what comes in pieces, and skips commands", async () => {
  const long = new Uint8Array(70_000).fill(9);
  await withPeer(async (peer) => {
    await peer.write(Uint8Array.of(4, 1, 0)); // a command
    await peer.write(Uint8Array.of(1, 3, ...bytes("to")));
    await peer.write(bytes("p"));
    await peer.write(Uint8Array.of(2, 0, 0, 0, 0, 0, 1, 0x11, 0x70));
    for (let sent = 0; sent < long.length;) sent += await peer.write(long.subarray(sent));
  }, async (socket) => {
    assert.deepEqual(await socket.receive(), [bytes("top"), long]);
  });
});

Deno.test("open() subscribes a SUB socket to everything", async () => {
  await withPeer(
    async (peer) => assert.deepEqual([...await read(peer, 3)], [0, 1, 1]),
    async () => {},
    "SUB",
  );
});

Deno.test("receive() rejects when the other side closes in the middle of a message", async () => {
  await withPeer(async (peer) => {
    await peer.write(Uint8Array.of(0, 5, 1));
  }, (socket) => assert.rejects(socket.receive(), /closed the connection/));
});
