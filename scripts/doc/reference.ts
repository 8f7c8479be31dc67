/** Documentation of a module or a symbol, as `deno doc --json` gives it. */
interface Doc {
  readonly doc?: string;
  readonly tags?: readonly { readonly kind: string; readonly doc?: string }[];
}

/** What `deno doc --json` gives of one module. */
export interface ModuleDoc {
  readonly module_doc?: Doc;
}

/** What the project exports under one name. */
export interface Entry {
  /** What it is imported by, e.g. `octavo/advanced`. */
  readonly name: string;
  /** Address of its file. */
  readonly url: string;
  readonly doc: ModuleDoc;
}

/**
 * One module of all entries, for `deno doc --html`. It has to be a `.d.ts` file: of no other, and of no more
 * than one, does Deno 2.9 make pages of categories.
 */
export function referenceModule(entries: readonly Entry[]): string {
  const sections = entries.filter(({ doc }) => doc.module_doc).map(({ name, doc }) => {
    const { doc: text = "", tags = [] } = doc.module_doc!;
    const examples = tags.filter(({ kind }) => kind === "example").map(({ doc }) => doc ?? "");
    return [`## ${name}`, text, ...examples].join("\n\n");
  });
  const lines = `${sections.join("\n\n")}\n\n@module`.split("\n").map((line) =>
    ` * ${line}`.trimEnd()
  );
  const files = entries.map(({ url }) => `export * from ${JSON.stringify(url)};`);
  return ["/**", ...lines, " */", ...files, ""].join("\n");
}
