#!/usr/bin/env bash
# Deno 2.9.6, Node 20.20.2 beside it.
#
# `brotliCompress()` and `gzip()` of node:zlib take a callback, and in Node work on a thread of their own: timers
# and servers go on meanwhile. In Deno they compress in the thread that called, and nothing else happens in it
# until they are done. Streams (createBrotliCompress) do the same, chunk by chunk, and let nobody in between.
#
# Why it matters: brotli 11 of a model of 8 MB takes 11 s, in which a progress line stands still, Ctrl-C is not
# heard and a watchdog believes that the thread hangs. What helps is to feed a stream piece by piece, and to
# wait for a timer between two pieces.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > ticks.mjs <<'SCRIPT'
import zlib from "node:zlib";
import { promisify } from "node:util";
const bytes = new Uint8Array(2_000_000);
for (let i = 0, x = 1; i < bytes.length; i++) bytes[i] = (x = x * 16807 % 2147483647) % 64;
let ticks = 0;
const timer = setInterval(() => ticks++, 5);
await promisify(zlib.brotliCompress)(bytes); // quality 11
clearInterval(timer);
console.log(ticks);
SCRIPT
node=$(npx --yes node@20.20.2 ticks.mjs)
deno=$(npx --yes deno@2.9.6 run -A ticks.mjs)
echo "Node 20.20.2: a timer of 5 ms ticked $node times while 2 MB were compressed"
echo "Deno 2.9.6:   $deno times"
[ "$node" -gt 20 ]
[ "$deno" -le 1 ] # expected: as in Node
echo "as described"
