/** An example of the documentation, as a module. */
export interface DocExample {
  /** Lines of the file that it stands on, both counted from 1. */
  readonly first: number;
  readonly last: number;
  /** What it says, on the lines where it stands in the file; imports from beside it by their address. */
  readonly module: string;
}

const FENCE = /^\s*\* ```/;

/**
 * The examples in the comments of a file that are for running: those of a fence that says `ts` and no more.
 *
 * @param text Of the file.
 * @param url Of the file: what an example imports from `./` lies beside it.
 */
export function docExamples(text: string, url: string | URL): DocExample[] {
  const lines = text.split("\n");
  const examples: DocExample[] = [];
  let begin: number | undefined;
  for (const [index, line] of lines.entries()) {
    if (!FENCE.test(line)) continue;
    if (begin === undefined) {
      begin = index;
      continue;
    }
    if (lines[begin]!.trim() === "* ```ts") {
      const code = lines.slice(begin + 1, index).map((line) => line.replace(/^\s*\* ?/, ""));
      const module = "\n".repeat(begin + 1) + withAddresses(code.join("\n"), url) + "\n";
      examples.push({ first: begin + 1, last: index + 1, module });
    }
    begin = undefined;
  }
  return examples;
}

/** What is imported from beside a file, by its address: the text will lie elsewhere. */
function withAddresses(code: string, url: string | URL): string {
  return code.replaceAll(
    /(\bfrom |\bimport ?\(?)"(\.{1,2}\/[^"]+)"/g,
    (_, before, path) => `${before}"${new URL(path, url).href}"`,
  );
}
