import { posix } from "node:path";
import type { Manifest } from "./manifest.ts";
import { type ModuleImport, moduleImports } from "./module_imports.ts";
import { addressesIn } from "./specifiers.ts";
import type { Files } from "./tar.ts";

/**
 * What would break in a package once it is installed, a sentence each: files that are named and not
 * there (so is every `.ts` that is left), and imports that Node cannot find among the dependencies.
 *
 * @param files By path in the package, `package.json` included.
 */
export async function faultsOf(files: Files, manifest: Manifest): Promise<string[]> {
  const faults = new Set<string>();
  const need = (path: string, by: string) => {
    const plain = posix.normalize(path);
    if (!files.has(plain)) faults.add(`${by} needs ${plain}, which is not packed`);
  };
  for (const [name, { types, default: module }] of Object.entries(manifest.exports)) {
    for (const path of [types, module]) need(path, `The export ${name}`);
  }
  for (const path of Object.values(manifest.bin)) need(path, "The command");
  for (const [path, bytes] of files) {
    if (!path.endsWith(".js")) continue;
    for (const address of addressesIn(new TextDecoder().decode(bytes))) {
      need(beside(path, address), path);
    }
  }
  for (const found of await moduleImports(files)) {
    if (isRelative(found)) need(fileOf(found), found.module);
    else if (!isKnown(found, manifest)) {
      faults.add(`${found.module} imports ${found.name}, which is no dependency`);
    }
  }
  return [...faults];
}

function isRelative({ name }: ModuleImport): boolean {
  return name.startsWith("./") || name.startsWith("../");
}

/** The file that an import needs: types come from declarations. */
function fileOf({ module, name }: ModuleImport): string {
  return beside(module, module.endsWith(".d.ts") ? name.replace(/\.js$/, ".d.ts") : name);
}

/** Whether Node finds it: a part of Node, or a package by its plain name, which Deno found too. */
function isKnown({ name, error }: ModuleImport, { optionalDependencies }: Manifest): boolean {
  if (name.startsWith("node:") || name.split("/")[0]! in optionalDependencies) return true;
  return error === undefined && !/^[a-z]+:/.test(name);
}

function beside(path: string, name: string): string {
  return posix.join(posix.dirname(path), name);
}
