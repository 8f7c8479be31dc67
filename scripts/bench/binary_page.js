/**
 * Starts onnxruntime-web in a page by one of its entries, as `manifest.json` says, and sends back what that took,
 * what the models take, and a hash of what they give. `models` are float32 and the one to serve.
 */
import { answerWith, bytesOf, feedsOf, inTurns, runOf } from "./page_parts.js";

await answerWith(async ({ script, models, inputs, rounds }, now) => {
  const files = [];
  for (const model of models) files.push(await bytesOf(model));
  const from = await now();
  const ort = await import(`./${script}`);
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = "error";
  const open = (bytes) =>
    ort.InferenceSession.create(bytes, {
      executionProviders: ["wasm"],
    });
  const last = await open(files.at(-1));
  const startMs = await now() - from;
  const sessions = [];
  for (const bytes of files.slice(0, -1)) sessions.push(await open(bytes));
  sessions.push(last);
  const feeds = await feedsOf(ort, inputs);
  const hashes = [];
  for (const session of sessions) hashes.push(await hashOf(session, feeds));
  const ms = rounds === 0
    ? []
    : await inTurns(sessions.map((session) => runOf(session, feeds)), rounds, now);
  return { startMs, hashes, ms };
});

/** SHA-256 of all outputs, one after another by name. */
async function hashOf(session, feeds) {
  const results = await session.run(feeds);
  const parts = [];
  for (const name of Object.keys(results).sort()) {
    const { data } = results[name];
    parts.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  const digest = await crypto.subtle.digest("SHA-256", await new Blob(parts).arrayBuffer());
  return new Uint8Array(digest).toHex();
}
