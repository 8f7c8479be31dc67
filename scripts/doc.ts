import { join } from "node:path";
import { flag, text } from "./cli/command.ts";
import { runScript, script } from "./cli/shell.ts";
import config from "../deno.json" with { type: "json" };
import { UserError } from "../lib/errors.ts";
import { type Entry, type ModuleDoc, referenceModule } from "./doc/reference.ts";

const FOLDER = "docs";

const command = {
  name: "doc",
  summary: "Checks the documentation of everything that deno.json exports, and writes it as pages.",
  operands: {},
  options: {
    lint: flag("only check"),
    out: text("DIR", `where to write the pages; by default ${FOLDER}`),
  },
  examples: ["deno task doc", "deno task doc --lint"],
} as const;

const ROOT = new URL("../", import.meta.url);
const CONFIG = ["--config", new URL("deno.json", ROOT).pathname];

/** Runs `deno doc`; gives what it printed. */
async function denoDoc(what: string, ...args: string[]): Promise<string> {
  const output = await new Deno.Command(Deno.execPath(), {
    args: ["doc", ...CONFIG, ...args],
    env: { NO_COLOR: "1" },
    stderr: "piped",
  }).output();
  const [said, wrong] = [output.stdout, output.stderr].map((bytes) =>
    new TextDecoder().decode(bytes)
  );
  if (!output.success) throw new UserError(`Cannot ${what}:\n${wrong!.trim()}`);
  return said!;
}

const main = script(command, async ({ options: { lint, out = FOLDER } }, { print, progress }) => {
  const urls = Object.values(config.exports).map((path) => new URL(path, ROOT).href);
  progress.update("checking");
  await denoDoc("pass the documentation", "--lint", ...urls);
  if (lint) return await print(`The documentation of ${urls.length} entries is whole.`);

  progress.update("reading");
  const json: { nodes: Record<string, ModuleDoc> } = JSON.parse(
    await denoDoc("read the documentation", "--json", ...urls),
  );
  const entries = Object.entries(config.exports).map(([name, path]): Entry => {
    const { href: url } = new URL(path, ROOT);
    return { name: `octavo${name.slice(1)}`, url, doc: json.nodes[url] ?? {} };
  });
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(join(folder, "octavo.d.ts"), referenceModule(entries));
    progress.update("writing");
    await denoDoc(
      "write the documentation",
      ...["--html", "--name=Octavo", `--output=${out}`, join(folder, "octavo.d.ts")],
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  await print(`Wrote ${join(out, "index.html")}.`);
});

if (import.meta.main) await runScript(main);
