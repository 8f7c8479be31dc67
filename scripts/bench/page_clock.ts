/**
 * The time that pages of a browser have computed for, in their main threads: unlike the time on the wall it
 * is about the same on a busy machine. Linux tells it.
 *
 * @param browser Number of the browser's first process.
 * @returns Reads the clock, ms; undefined where nothing tells it.
 */
export function pageClock(browser: number): () => Promise<number | undefined> {
  /** Milliseconds by process. One that a browser holds ready may end: what it has computed counts on. */
  const pages = new Map<number, number>();
  return async () => {
    if (pages.size === 0) {
      for (const page of await pagesOf(browser).catch(() => [])) pages.set(page, 0);
    }
    for (const [page, last] of pages) {
      pages.set(page, await computedFor(page).catch(() => last));
    }
    const times = [...pages.values()];
    return times.length === 0 ? undefined : times.reduce((sum, ms) => sum + ms, 0);
  };
}

/** Processes below one that hold pages. */
async function pagesOf(browser: number): Promise<number[]> {
  const parents = new Map<number, number>();
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    // Behind the name, which may hold anything, come the state and the parent.
    const stat = await Deno.readTextFile(`/proc/${name}/stat`).catch(() => "");
    const parent = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1];
    parents.set(Number(name), Number(parent));
  }
  const isBelow = (process: number | undefined): boolean =>
    process !== undefined && (process === browser || isBelow(parents.get(process)));
  const pages: number[] = [];
  for (const process of parents.keys()) {
    if (!isBelow(process)) continue;
    const line = await Deno.readTextFile(`/proc/${process}/cmdline`).catch(() => "");
    if (line.includes("--type=renderer")) pages.push(process);
  }
  return pages;
}

/** Milliseconds that the main thread of a process has run. */
async function computedFor(process: number): Promise<number> {
  const [nanoseconds] = (await Deno.readTextFile(`/proc/${process}/schedstat`)).split(" ");
  return Number(nanoseconds) / 1e6;
}
