import assert from "node:assert/strict";
import { installHook } from "../../../lib/runtime/deno/hook.ts";

/** (module (import "a" "a" (memory 1 1 shared))) */
const SHARED_MEMORY = Uint8Array.of(
  ...[0, 97, 115, 109, 1, 0, 0, 0],
  ...[2, 9, 1, 1, 97, 1, 97, 2, 3, 1, 1],
);

/** (module) */
const EMPTY = SHARED_MEMORY.slice(0, 8);

Deno.test("installHook() leaves a runtime that it does not know as it is, and says so", async () => {
  const original = WebAssembly.instantiate;
  const hook = installHook();
  assert.equal(hook.state, "waiting");

  await WebAssembly.instantiate(EMPTY); // another library's module is none of its business
  assert.equal(hook.state, "waiting");

  const a = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const print = () => 0;
  const imports = { a: { a, b: print } };
  const { instance } = await WebAssembly.instantiate(SHARED_MEMORY, imports);
  assert.ok(instance instanceof WebAssembly.Instance);
  assert.equal(imports.a.b, print);
  assert.equal(hook.state, "unknown");
  assert.equal(WebAssembly.instantiate, original);
});

Deno.test("installHook() makes a module of bytes that V8 has never seen, where it is asked to", async () => {
  const memory = () => new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const salts: Uint8Array[] = [];
  for (let time = 0; time < 2; time++) {
    const hook = installHook({ anew: true });
    assert.equal(hook.heapBytes, undefined);
    const { module } = await WebAssembly.instantiate(SHARED_MEMORY, { a: { a: memory() } });
    const [salt, ...others] = WebAssembly.Module.customSections(module, "salt");
    assert.deepEqual(others, []);
    salts.push(new Uint8Array(salt!));
    assert.equal(hook.heapBytes, 65536, "one page");
  }
  assert.equal(salts[0]!.length, 16);
  assert.notDeepEqual(salts[0], salts[1]);
});
