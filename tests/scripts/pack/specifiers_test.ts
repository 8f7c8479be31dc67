import assert from "node:assert/strict";
import { npmTargets } from "../../../scripts/pack/project.ts";
import {
  addressesIn,
  packagesIn,
  withNpmNames,
  withPackedFiles,
} from "../../../scripts/pack/specifiers.ts";

const targets = npmTargets({
  "octavo": "./mod.ts",
  "zod": "npm:zod@4.6.7",
  "fonts/": "npm:/@some/fonts@0.4.2/",
  "@std/args": "npm:deno-std@1.4.0/cli/args.js",
});

Deno.test("withPackedFiles() names workers and the version's file as they are called in the package", () => {
  const source = [
    ` * new Worker(new URL("./example.ts", import.meta.url));`,
    `const worker = new Worker(new URL("./worker.ts", import.meta.url));`,
    `const lazy = import.meta.resolve("../lazy.ts"), folder = new URL("..", import.meta.url);`,
    `const css = new URL("./page.css", import.meta.url), other = new URL("./x.ts", base);`,
    `import project from "../../deno.json" with { type: "json" };`,
  ];
  assert.deepEqual(withPackedFiles(source.join("\n")).split("\n"), [
    source[0],
    `const worker = new Worker(new URL("./worker.js", import.meta.url));`,
    `const lazy = import.meta.resolve("../lazy.js"), folder = new URL("..", import.meta.url);`,
    source[3],
    `import project from "../../package.json" with { type: "json" };`,
  ]);
  const named = ["./worker.ts", "../lazy.ts", "./page.css"];
  assert.deepEqual(addressesIn(source.join("\n")), named); // a folder is no file
});

Deno.test("withNpmNames() writes names of the import map as packages and their paths", () => {
  assert.equal(
    withNpmNames(`import { parseArgs } from "@std/args"; import { z } from "zod";`, targets),
    `import { parseArgs } from "deno-std/cli/args.js"; import { z } from "zod";`,
  );
});

Deno.test("packagesIn() finds packages also by names that are read at run time", () => {
  const names = (source: string) => packagesIn(source, targets).map(({ name }) => name);
  assert.deepEqual(names(`import { z } from "zod"; const s = "zodiac";`), ["zod"]);
  assert.deepEqual(names(`import.meta.resolve("fonts/400/a.ttf")`), ["@some/fonts"]);
  assert.deepEqual(names(`const octavo = "octavo";`), []);
});

Deno.test("npmTargets() refuses a version that is not exact", () => {
  assert.throws(() => npmTargets({ zod: "npm:zod@^4.6.7" }), {
    name: "UserError",
    message: `Cannot pack: "zod" of deno.json's imports is npm:zod@^4.6.7; ` +
      "expected a package with its exact version, such as npm:zod@4.6.7",
  });
});
