import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { UserError } from "../lib/errors.ts";
import { flag, text } from "./cli/command.ts";
import { runScript, script } from "./cli/shell.ts";
import { writeEntries } from "./test/entries.ts";

const command = {
  name: "test",
  summary:
    "Runs the tests and the examples of the documentation; their types are what deno check --doc looks at. " +
    "The files of a folder share an isolate, since each new one loads the library anew.",
  operands: {
    paths: {
      placeholder: "PATH",
      help: "files and folders with tests or examples; without any, all of them",
      optional: true,
      rest: true,
    },
  },
  options: {
    filter: text("TEXT", "only tests whose name holds this"),
    junit: text("FILE", "also write what became of each test, as XML"),
    apart: flag("an isolate for each file: shows whether one disturbs another"),
  },
  examples: ["", "tests/onnx lib/onnx", "tests/quantize/node_test.ts --filter 'bit for bit'"],
} as const;

const ROOT = new URL("../", import.meta.url);

/** Where tests and examples are. */
const ALL = ["tests", "lib", "mod.ts"].map((path) => fileURLToPath(new URL(path, ROOT)));

/** What runs as briefly as a test is not worth V8's second compilation of WASM. */
const FLAGS = ["-A", "--no-check", "--parallel", "--v8-flags=--wasm-tiering-budget=1000000000"];

const main = script(command, async ({ operands: { paths }, options }, { signal }) => {
  const { filter, junit, apart } = options;
  const files = [
    ...new Set((await Promise.all((paths.length > 0 ? paths : ALL).map(sources))).flat()),
  ];
  const folder = await Deno.makeTempDir({ prefix: "octavo-tests-" });
  try {
    const entries = await writeEntries(files, folder, apart ? { most: 1 } : {});
    if (entries.length === 0) throw new UserError(`No tests in ${paths.join(", ")}`);
    const { success } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["test", ...FLAGS, `--config=${fileURLToPath(new URL("deno.json", ROOT))}`],
        ...filter === undefined ? [] : [`--filter=${filter}`],
        ...junit === undefined ? [] : [`--junit-path=${resolve(junit)}`],
        ...entries,
      ],
      cwd: ROOT,
      stdin: "inherit",
      stdout: "inherit",
      stderr: "inherit",
      signal,
    }).output();
    if (!success) throw new UserError("Not all tests passed");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** Addresses of the TypeScript files that are there or below. */
async function sources(path: string): Promise<string[]> {
  const found = await Deno.stat(path).catch(() => {
    throw new UserError(`Cannot run the tests in ${path}: there is no such file or folder`);
  });
  return await sourcesIn(path, found.isDirectory);
}

async function sourcesIn(path: string, isFolder: boolean): Promise<string[]> {
  if (!isFolder) return [pathToFileURL(path).href];
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(path)) {
    if (isDirectory) found.push(...await sourcesIn(join(path, name), true));
    else if (name.endsWith(".ts")) found.push(pathToFileURL(join(path, name)).href);
  }
  return found.sort();
}

if (import.meta.main) await runScript(main);
