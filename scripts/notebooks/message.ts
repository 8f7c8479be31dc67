import { concat } from "./zmtp.ts";

/**
 * A message of the Jupyter protocol, as far as running a notebook needs it.
 *
 * @see {@link https://jupyter-client.readthedocs.io/en/stable/messaging.html | Messaging in Jupyter}
 */
export interface Message {
  /** `execute_request`, `status`, `stream`, `display_data`, ... */
  readonly type: string;
  /** Id of the request that it belongs to. */
  readonly parent?: string;
  readonly content: Readonly<Record<string, unknown>>;
}

/** Signs the requests of one session with the key of the connection file. */
export interface Signer {
  readonly session: string;
  readonly key: CryptoKey;
}

const DELIMITER = "<IDS|MSG>";

/** Makes a signer for the key that the connection file holds. */
export async function createSigner(key: string): Promise<Signer> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  return {
    session: crypto.randomUUID(),
    key: await crypto.subtle.importKey("raw", encode(key), algorithm, false, ["sign"]),
  };
}

/**
 * Writes a request as the parts of a ZeroMQ message: delimiter, signature, then header, parent
 * header, metadata and content as JSON.
 */
export async function encodeRequest(
  signer: Signer,
  type: string,
  content: Record<string, unknown>,
): Promise<{ id: string; parts: Uint8Array[] }> {
  const id = crypto.randomUUID();
  const header = {
    msg_id: id,
    session: signer.session,
    username: "octavo",
    date: new Date().toISOString(),
    msg_type: type,
    version: "5.3",
  };
  const body = [header, {}, {}, content].map((part) => encode(JSON.stringify(part)));
  const signature = await crypto.subtle.sign("HMAC", signer.key, concat(body));
  const hex = new Uint8Array(signature).toHex();
  return { id, parts: [encode(DELIMITER), encode(hex), ...body] };
}

/** Reads the parts of a ZeroMQ message; routing ids before the delimiter are skipped. */
export function decodeMessage(parts: readonly Uint8Array[]): Message {
  const text = parts.map((part) => new TextDecoder().decode(part));
  const at = text.indexOf(DELIMITER);
  if (at < 0 || text.length < at + 6) {
    throw new Error(`Cannot read a message of the kernel: ${parts.length} parts, no ${DELIMITER}`);
  }
  const [header, parent, , content] = text.slice(at + 2, at + 6).map((part) => JSON.parse(part));
  return { type: header.msg_type, parent: parent.msg_id, content };
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
