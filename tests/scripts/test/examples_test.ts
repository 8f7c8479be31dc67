import assert from "node:assert/strict";
import { docExamples } from "../../../scripts/test/examples.ts";

const FENCE = "```";
const FILE = `/**
 * Doubles.
 *
 * @example
 * ${FENCE}ts
 * import { twice } from "./twice.ts";
 * import { one } from "octavo";
 *
 * for (const number of [one, 2]) {
 *   await import("../log.ts");
 *   twice(number);
 * }
 * ${FENCE}
 * ${FENCE}ts ignore
 * twice(camera());
 * ${FENCE}
 */
export function twice(x: number) { return 2 * x; }
class A {
  /**
   * ${FENCE}py
   * a = 1
   * ${FENCE}
   * ${FENCE}ts
   * new A();
   * ${FENCE}
   */
}
`;

Deno.test("docExamples() gives what is to run, on its own lines, with addresses of what lies beside", () => {
  const [first, second, ...more] = docExamples(FILE, "file:///lib/a/two.ts");
  assert.deepEqual(more, []);
  assert.deepEqual([first!.first, first!.last, second!.first, second!.last], [5, 13, 24, 26]);
  assert.equal(
    first!.module.trimStart(),
    `import { twice } from "file:///lib/a/twice.ts";
import { one } from "octavo";

for (const number of [one, 2]) {
  await import("file:///lib/log.ts");
  twice(number);
}
`,
  );
  for (const [{ module }, code] of [[first!, "  twice(number);"], [second!, "new A();"]] as const) {
    const line = module.split("\n").indexOf(code);
    assert.ok(line > 0 && FILE.split("\n")[line]!.endsWith(code), code);
  }
});
