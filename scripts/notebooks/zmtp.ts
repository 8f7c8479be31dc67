const GREETING_LENGTH = 64;
const MORE = 1;
const LONG = 2;
const COMMAND = 4;

/** Role of our end: `DEALER` asks and is answered, `SUB` only listens. */
export type SocketType = "DEALER" | "SUB";

/**
 * One ZeroMQ connection over TCP, from the side that connects: ZMTP 3.0, NULL security mechanism,
 * which is all that a Jupyter kernel asks for.
 *
 * @see {@link https://rfc.zeromq.org/spec/23/ | RFC 23/ZMTP}
 */
export class ZmtpSocket implements Disposable {
  readonly #connection: Deno.Conn;

  private constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  /** Shakes hands over an open connection. A `SUB` socket subscribes to everything. */
  static async open(connection: Deno.TcpConn, type: SocketType): Promise<ZmtpSocket> {
    connection.setNoDelay(true);
    const socket = new ZmtpSocket(connection);
    await socket.#write(greeting());
    await socket.#read(GREETING_LENGTH);
    await socket.#write(frame(COMMAND, readyCommand(type)));
    await socket.#readFrame(); // the peer's READY
    if (type === "SUB") await socket.send([Uint8Array.of(1)]); // 1 subscribes; no prefix: everything
    return socket;
  }

  /** Sends one message of several parts. */
  async send(parts: readonly Uint8Array[]): Promise<void> {
    await this.#write(
      concat(parts.map((part, i) => frame(i < parts.length - 1 ? MORE : 0, part))),
    );
  }

  /** Waits for the next whole message. Rejects once the connection is closed. */
  async receive(): Promise<Uint8Array[]> {
    const parts: Uint8Array[] = [];
    while (true) {
      const { flags, body } = await this.#readFrame();
      if (flags & COMMAND) continue; // e.g. PING of later versions; says nothing to us
      parts.push(body);
      if (!(flags & MORE)) return parts;
    }
  }

  [Symbol.dispose](): void {
    this.#connection.close();
  }

  async #readFrame(): Promise<{ flags: number; body: Uint8Array }> {
    const flags = (await this.#read(1))[0]!;
    const length = flags & LONG
      ? Number(new DataView((await this.#read(8)).buffer).getBigUint64(0))
      : (await this.#read(1))[0]!;
    return { flags, body: await this.#read(length) };
  }

  async #read(length: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(length);
    for (let have = 0; have < length;) {
      const count = await this.#connection.read(bytes.subarray(have));
      if (count === null) throw new Error("The other side closed the connection");
      have += count;
    }
    return bytes;
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let sent = 0; sent < bytes.length;) {
      sent += await this.#connection.write(bytes.subarray(sent));
    }
  }
}

/** Joins byte arrays end to end. */
export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Signature, version 3.0, mechanism; the rest is filled with zeros. */
function greeting(): Uint8Array {
  const bytes = new Uint8Array(GREETING_LENGTH);
  bytes[0] = 0xff;
  bytes[9] = 0x7f;
  bytes[10] = 3;
  bytes.set(new TextEncoder().encode("NULL"), 12);
  return bytes;
}

function readyCommand(type: SocketType): Uint8Array {
  const text = (value: string) => new TextEncoder().encode(value);
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, type.length);
  return concat([
    Uint8Array.of(5),
    text("READY"),
    Uint8Array.of("Socket-Type".length),
    text("Socket-Type"),
    length,
    text(type),
  ]);
}

/** Puts the flags and the length before a body; a body from 256 bytes on has its length in 8. */
function frame(flags: number, body: Uint8Array): Uint8Array {
  if (body.length < 256) return concat([Uint8Array.of(flags, body.length), body]);
  const head = new Uint8Array(9);
  head[0] = flags | LONG;
  new DataView(head.buffer).setBigUint64(1, BigInt(body.length));
  return concat([head, body]);
}
