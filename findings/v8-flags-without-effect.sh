#!/usr/bin/env bash
# Deno 2.9.6 (2.5.0 and 2.8.0 were seen to do the same), Node 20.20.2 beside it.
#
# `setFlagsFromString()` of node:v8 changes flags of V8 in a program that runs. In Node the syntax of natives can
# be used from then on, and a limit on WASM memory holds for the next memory. One would expect the same of Deno,
# which has the function and takes the same strings, or an error. It returns without a word, and nothing
# changes: V8 has frozen its flags by then. The same flags on the command line (--v8-flags) do hold.
#
# Why it matters: who measures WASM wants to choose how V8 compiles it (--no-liftoff, --wasm-tiering-budget) from
# inside a notebook, sees no error, and takes the times of the default for those of the flag.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > flags.mjs <<'SCRIPT'
import v8 from "node:v8";
const tried = (task) => {
  try {
    task();
    return "yes";
  } catch {
    return "no";
  }
};
v8.setFlagsFromString("--allow-natives-syntax");
const natives = tried(() => new Function("return %IsSmi(1)"));
v8.setFlagsFromString("--wasm-max-mem-pages=5");
const limited = tried(() => new WebAssembly.Memory({ initial: 10 })) === "no" ? "yes" : "no";
console.log(`natives ${natives}, limit ${limited}`);
SCRIPT
node=$(npx --yes node@20.20.2 flags.mjs)
deno=$(npx --yes deno@2.9.6 run -A flags.mjs)
flagged=$(npx --yes deno@2.9.6 run -A --v8-flags=--allow-natives-syntax,--wasm-max-mem-pages=5 flags.mjs)
echo "Node 20.20.2, set inside:          $node"
echo "Deno 2.9.6, set inside:            $deno"
echo "Deno 2.9.6, on the command line:   $flagged"
[ "$node" = "natives yes, limit yes" ]
[ "$deno" = "natives no, limit no" ] # expected: as in Node, or an error
[ "$flagged" = "natives yes, limit yes" ]
echo "as described"
