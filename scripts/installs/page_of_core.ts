import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { Place } from "./place.ts";

/** What the core imports, by the names that a page does not know. */
const NAMES = ["octavo/quantize", "@bufbuild/protobuf", "@bufbuild/protobuf/codegenv2"];

/**
 * A page that makes int8 files of `cases.json` and sends them back. An import map tells it where packages are,
 * as Node finds them, so that it takes no bundler.
 */
export async function pageOfCore(place: Place): Promise<string> {
  const names = JSON.stringify(NAMES);
  const found = await place.run(
    "node",
    "--input-type=module",
    "--eval",
    `console.log(JSON.stringify(${names}.map((name) => import.meta.resolve(name))))`,
  );
  const folder = await Deno.realPath(place.folder);
  const addresses: string[] = JSON.parse(found);
  const imports = Object.fromEntries(
    NAMES.map((name, i) => [name, `./${relative(folder, fileURLToPath(addresses[i]!))}`]),
  );
  return `<!doctype html>
<script type="importmap">${JSON.stringify({ imports })}</script>
<script type="module">
  const say = (path, body) => fetch(path, { method: "POST", body });
  try {
    const { int8Files } = await import("./core.mjs");
    await say("/answer", int8Files(await (await fetch("cases.json")).text()));
  } catch (error) {
    await say("/failure", error.stack);
  }
</script>
`;
}
