import { join } from "node:path";
import { docExamples } from "./examples.ts";

/** The project's folder, with a slash at its end. */
const ROOT = new URL("../../", import.meta.url).href;

/**
 * Most test files of an entry: so many that what all of them load is loaded seldom, and so few that no core is
 * without work in the end.
 */
const MOST = 12;

/** An example is mostly short. */
const MOST_EXAMPLES = 30;

/**
 * Writes what `deno test` takes, an isolate for each: modules that load the test files of a folder, or that run
 * examples of the documentation.
 *
 * @param urls Of TypeScript files: tests, where the name says so, and others for their examples.
 * @param folder For the entries.
 * @param options `most` is how many test files or examples an entry holds at most.
 * @returns Paths of the entries, tests first.
 */
export async function writeEntries(
  urls: readonly string[],
  folder: string,
  options: { readonly most?: number } = {},
): Promise<string[]> {
  const tests = urls.filter((url) => url.endsWith("_test.ts"));
  const examples = (await Promise.all(
    urls.filter((url) => !tests.includes(url)).map((url) => writeExamples(url, folder)),
  )).flat();
  const entries: string[] = [];
  const write = async (name: string, lines: readonly string[]) => {
    const path = join(folder, `${name}.ts`);
    await Deno.writeTextFile(path, lines.join("\n"));
    entries.push(path);
  };
  for (const [area, files] of Map.groupBy(tests, areaOf)) {
    for (const [index, part] of parts(files, options.most ?? MOST).entries()) {
      await write(`${area}_${index + 1}`, part.map((url) => `import ${JSON.stringify(url)};`));
    }
  }
  for (const [index, part] of parts(examples, options.most ?? MOST_EXAMPLES).entries()) {
    await write(`examples_${index + 1}`, part);
  }
  return entries;
}

/** The folder below the project's `tests` that a file is in, or a name for all others. */
function areaOf(url: string): string {
  return url.slice(ROOT.length).match(/^tests\/(\w+)\//)?.[1] ?? "top";
}

/** Writes the examples of a file, each a module; gives the tests that run them. */
async function writeExamples(url: string, folder: string): Promise<string[]> {
  const name = url.startsWith(ROOT) ? url.slice(ROOT.length) : url;
  const tests: string[] = [];
  for (const { first, last, module } of docExamples(await Deno.readTextFile(new URL(url)), url)) {
    const file = `${name.replaceAll(/\W/g, "_")}_${first}.ts`;
    await Deno.writeTextFile(join(folder, file), module);
    tests.push(
      `Deno.test(${JSON.stringify(`${name}#${first}-${last}`)}, () => import("./${file}"));`,
    );
  }
  return tests;
}

/** Cuts a list into parts of nearly one size. */
function parts<T>(list: readonly T[], most: number): T[][] {
  const count = Math.ceil(list.length / most);
  return Array.from(
    { length: count },
    (_, part) =>
      list.slice(
        Math.floor(part * list.length / count),
        Math.floor((part + 1) * list.length / count),
      ),
  );
}
