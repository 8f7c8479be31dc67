#!/usr/bin/env bash
# Deno 2.9.6.
#
# A program has a worker for work that needs no permissions, and the worker gives them up first, by
# `Deno.permissions.revoke()`. In a worker this was not started with options of its own, one would expect that to
# hold for the worker alone, as a worker has a state of its own in all else. Seen: the main thread has lost them too,
# and cannot read its own files any more.
#
# Why it matters: to run a user's code (a metric, a plug-in) with fewer rights, this is the only way that needs no
# unstable flag, and it takes the rights of the program with it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > worker.mjs <<'SCRIPT'
await Deno.permissions.revoke({ name: "read" });
self.postMessage((await Deno.permissions.query({ name: "read" })).state);
SCRIPT
cat > main.mjs <<'SCRIPT'
const state = () => Deno.permissions.querySync({ name: "read" }).state;
const before = state();
const worker = new Worker(new URL("./worker.mjs", import.meta.url), { type: "module" });
const inside = await new Promise((resolve) => worker.onmessage = ({ data }) => resolve(data));
worker.terminate();
console.log(`main before: ${before}, worker after: ${inside}, main after: ${state()}`);
SCRIPT
seen=$(npx --yes deno@2.9.6 run --no-prompt --allow-read main.mjs)
echo "$seen"
[ "$seen" = "main before: granted, worker after: prompt, main after: prompt" ] # expected: main after: granted
echo "as described"
