import assert from "node:assert/strict";
import { functionsOf } from "./functions.ts";
import { readText, topLevelFiles, typescriptFiles } from "./tree.ts";

/** Two screens. What needs more is more than one idea. */
const LONGEST = 80;

/** Written by a generator. */
const GENERATED = "lib/onnx/onnx_pb.ts";

Deno.test("functionsOf() finds functions of every kind, with their names and lines", () => {
  const source = `/** – Words before it do not count. – */
export async function declared() {
  return 1;
}
function overloaded(x: string): void;
function overloaded(x: unknown): void {}
class Some {
  constructor() {}
  get height() { return 1; }
  static async #hidden<T>(
    x: T,
  ) {}
  field = () => 3;
}
const some = { method() {}, property: function () {}, set width(x: number) {} };
const arrow = (x: number) =>
  [x].map((y) => {
    return y;
  });
export default function* () {}`;
  assert.deepEqual(
    functionsOf(source).map(({ name, line, lines }) => `${name} ${line}+${lines}`),
    [
      "declared 2+3",
      "overloaded 6+1",
      "constructor 8+1",
      "height 9+1",
      "#hidden 10+3",
      "field 13+1",
      "method 15+1",
      "property 15+1",
      "width 15+1",
      "arrow 16+4",
      "(anonymous) 17+3",
      "(anonymous) 20+1",
    ],
  );
});

Deno.test(`no function is over ${LONGEST} lines`, async () => {
  const paths = [...await topLevelFiles(), ...await typescriptFiles("lib/", "scripts/")];
  const long: string[] = [];
  for (const path of paths.filter((path) => path !== GENERATED)) {
    for (const { name, line, lines } of functionsOf(await readText(path))) {
      if (lines > LONGEST) long.push(`${path}:${line}: ${name} is ${lines} lines`);
    }
  }
  assert.deepEqual(long, []);
});
