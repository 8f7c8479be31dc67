/** The test material beside the checkout, or where `$OCTAVO_SHARED` says. May not be there. */
export function shared(path: string): URL {
  const folder = Deno.env.get("OCTAVO_SHARED");
  const root = folder === undefined
    ? new URL("../../shared/", import.meta.url)
    : new URL(`file://${folder.replace(/\/?$/, "/")}`);
  return new URL(path, root);
}

/** Every file under a folder of the test material whose name ends so, in order; none if it is missing. */
export function sharedFiles(folder: string, end: string): URL[] {
  const found: URL[] = [];
  const walk = (url: URL) => {
    for (const entry of Deno.readDirSync(url)) {
      const inner = new URL(entry.name + (entry.isDirectory ? "/" : ""), url);
      if (entry.isDirectory) walk(inner);
      else if (entry.name.endsWith(end)) found.push(inner);
    }
  };
  const root = shared(folder.replace(/\/?$/, "/"));
  if (isThere(root)) walk(root);
  return found.sort((a, b) => a.href < b.href ? -1 : 1);
}

/** Whether a file or folder is there. */
export function isThere(url: URL): boolean {
  try {
    Deno.statSync(url);
    return true;
  } catch {
    return false;
  }
}
