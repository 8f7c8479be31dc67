#!/usr/bin/env bash
# Deno 2.9.6, on Linux with glibc.
#
# `Deno.dlopen("libc.so.6")` loads the C library with --allow-ffi, as dlopen(3) looks a bare name up among the
# system's libraries. One would expect --allow-ffi=libc.so.6 to allow just that. `Deno.permissions` says so too:
# asked for { name: "ffi", path: "libc.so.6" } it answers "granted". Seen: dlopen of the same text then fails, as the
# name has become a path in the working directory.
#
# Why it matters: a program that may time its thread by clock_gettime asks first whether it may, is told yes, and
# fails; only the library's full path, which differs between systems, can be permitted alone.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > main.mjs <<'SCRIPT'
const { state } = Deno.permissions.querySync({ name: "ffi", path: "libc.so.6" });
try {
  Deno.dlopen("libc.so.6", { getpid: { parameters: [], result: "i32" } }).close();
  console.log(`${state}, loads`);
} catch (error) {
  console.log(`${state}, ${error.message.includes(Deno.cwd()) ? "looks in the working directory" : error.message}`);
}
SCRIPT
all=$(npx --yes deno@2.9.6 run --no-prompt --allow-read --allow-ffi main.mjs)
named=$(npx --yes deno@2.9.6 run --no-prompt --allow-read --allow-ffi=libc.so.6 main.mjs)
echo "--allow-ffi:            $all"
echo "--allow-ffi=libc.so.6:  $named"
[ "$all" = "granted, loads" ]
[ "$named" = "granted, looks in the working directory" ] # expected: granted, loads
echo "as described"
