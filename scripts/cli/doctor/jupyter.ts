import { join } from "node:path";
import { NEEDED_DENO } from "../host.ts";
import type { Finding } from "./finding.ts";

/** Variables that say where the user's data are. */
type Variables = (name: string) => string | undefined;

const INSTALL = `For notebooks: npx --yes deno@${NEEDED_DENO} jupyter --install --force`;

/** Whether Deno's kernel is where Jupyter looks for it, and the Deno that it starts is still there. */
export async function kernelFinding(
  variables: Variables,
  os: typeof Deno.build.os = Deno.build.os,
): Promise<Finding> {
  const name = "Jupyter kernel";
  const folder = jupyterFolder(variables, os);
  if (folder === undefined) {
    return { name, state: "note", found: "not known: no variable says where" };
  }
  const path = join(folder, "kernels", "deno", "kernel.json");
  const text = await Deno.readTextFile(path).catch(() => undefined);
  if (text === undefined) return { name, state: "note", found: "not installed", help: INSTALL };
  const program = programOf(text);
  const isThere = program !== undefined &&
    await Deno.stat(program).then(({ isFile }) => isFile, () => false);
  if (isThere) return { name, state: "ok", found: path };
  const found = `${path} starts ${program ?? "nothing"}, which is not there`;
  return { name, state: "note", found, help: INSTALL };
}

/** Jupyter's folder of the user's data, as `deno jupyter --install` knows it (2.9.6). */
function jupyterFolder(get: Variables, os: typeof Deno.build.os): string | undefined {
  const inside = (name: string, ...folders: string[]) => {
    const folder = get(name);
    return folder ? join(folder, ...folders) : undefined;
  };
  switch (os) {
    case "windows":
      return inside("APPDATA", "jupyter");
    case "darwin":
      return inside("HOME", "Library", "Jupyter");
    default:
      return inside("XDG_DATA_HOME", "jupyter") ?? inside("HOME", ".local", "share", "jupyter");
  }
}

function programOf(kernel: string): string | undefined {
  try {
    const [program]: unknown[] = JSON.parse(kernel).argv;
    return typeof program === "string" ? program : undefined;
  } catch {
    return undefined;
  }
}
