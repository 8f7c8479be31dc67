#!/usr/bin/env bash
# Deno 2.9.6.
#
# A project names a dependency exactly in deno.json ("npm:ms@2.1.2"), and starts a worker by its address, once by
# `new URL("./worker.ts", import.meta.url)` and once by `import.meta.resolve("./worker.ts")`. One would expect the
# npm package that `deno pack` makes of it to ask for the same version, and both addresses to be changed alike, as
# the .ts files become .js. Seen: the version becomes the range ^2.1.2, though the lock file has one version; the
# address in import.meta.resolve becomes ./worker.js, and that in new URL stays ./worker.ts, which is not there.
#
# Why it matters: whoever installs such a package may get a release that nobody tried it with, and its workers
# fail when the first one is started, not before.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > deno.json <<'JSON'
{
  "name": "@example/pack",
  "version": "1.0.0",
  "license": "MIT",
  "exports": { ".": "./mod.ts", "./worker": "./worker.ts" },
  "imports": { "ms": "npm:ms@2.1.2" }
}
JSON
cat > worker.ts <<'SCRIPT'
/** Answers. */
export const answer: number = 42;
SCRIPT
cat > mod.ts <<'SCRIPT'
import ms from "ms";
/** A second in milliseconds. */
export const second: number = ms("1s") as unknown as number;
/** The worker's address, in two ways. */
export const addresses: string[] = [
  new URL("./worker.ts", import.meta.url).href,
  import.meta.resolve("./worker.ts"),
];
SCRIPT
npx --yes deno@2.9.6 pack --allow-dirty --allow-slow-types --output packed.tgz > log.txt 2>&1 || { cat log.txt; exit 1; }
tar xzf packed.tgz
version=$(grep -o '"ms": *"[^"]*"' package/package.json)
url=$(grep -o 'new URL("[^"]*"' package/mod.js)
resolved=$(grep -o 'resolve("[^"]*"' package/mod.js)
there=$(cd package && ls worker.*s)
echo "asked for:   ms 2.1.2; packed:  $version"
echo "addresses:   $url and $resolved"
echo "in the package: $there"
[ "$version" = '"ms": "^2.1.2"' ]                # expected: "ms": "2.1.2"
[ "$url" = 'new URL("./worker.ts"' ]             # expected: ./worker.js
[ "$resolved" = 'resolve("./worker.js"' ]
[ "$there" = "worker.js" ]
echo "as described"
