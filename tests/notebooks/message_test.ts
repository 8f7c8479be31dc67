import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { createSigner, decodeMessage, encodeRequest } from "../../scripts/notebooks/message.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (part: Uint8Array) => new TextDecoder().decode(part);

Deno.test("encodeRequest() signs the four JSON parts with the key of the session", async () => {
  const signer = await createSigner("a key");
  const { id, parts } = await encodeRequest(signer, "execute_request", { code: "1 + 1" });
  const [delimiter, signature, ...body] = parts.map(text);
  assert.equal(delimiter, "<IDS|MSG>");
  assert.equal(signature, createHmac("sha256", "a key").update(body.join("")).digest("hex"));
  const [header, parent, metadata, content] = body.map((part) => JSON.parse(part));
  assert.equal(header.msg_id, id);
  assert.equal(header.msg_type, "execute_request");
  assert.deepEqual([parent, metadata, content], [{}, {}, { code: "1 + 1" }]);
});

Deno.test("decodeMessage() skips routing ids before the delimiter", () => {
  const parts = [
    "topic",
    "<IDS|MSG>",
    "ff",
    '{"msg_type":"status"}',
    '{"msg_id":"7"}',
    "{}",
    '{"a":1}',
  ];
  assert.deepEqual(decodeMessage(parts.map(bytes)), {
    type: "status",
    parent: "7",
    content: { a: 1 },
  });
});

Deno.test("decodeMessage() refuses a message that is none", () => {
  assert.throws(() => decodeMessage([bytes("hello")]), /1 parts, no <IDS\|MSG>/);
});
