import { join } from "node:path";
import { UserError } from "../../lib/errors.ts";

/** Names that Chromium's program goes by. */
const NAMES = ["chromium", "chromium-browser", "google-chrome"];

/** Options for {@linkcode answerOfPage}. */
export interface AnswerOptions {
  /** What all files are sent with besides. */
  headers?: Readonly<Record<string, string>>;
  /** Most time that the page may take, ms. @default {60000} */
  patienceMs?: number;
  /**
   * What is told to the page when it posts to `/ask`.
   * @param browser Number of the browser's first process.
   */
  tell?: (browser: number) => Promise<string>;
}

/** Content types of what pages load. */
const TYPES = new Map([
  [".js", "text/javascript"],
  [".mjs", "text/javascript"],
  [".html", "text/html"],
  [".json", "application/json"],
  [".wasm", "application/wasm"],
]);

/** Name of Chromium's program here; undefined where there is none. */
export async function findChromium(): Promise<string | undefined> {
  for (const name of NAMES) {
    try {
      const asked = await new Deno.Command(name, { args: ["--version"] }).output();
      if (asked.success) return name;
    } catch (error) {
      // A program that there is none of is thrown at once, not as a rejection.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

/**
 * Serves a folder, opens a page of it in Chromium without a window, and waits for what the page sends
 * back: `fetch("/answer", { method: "POST", body })`.
 *
 * @param chromium See {@linkcode findChromium}.
 * @throws {UserError} If nothing comes in time, or `/failure` is called with a reason.
 */
export async function answerOfPage(
  chromium: string,
  folder: string,
  page: string,
  options: AnswerOptions = {},
): Promise<string> {
  const { headers = {}, patienceMs = 60_000, tell } = options;
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { pathname } = new URL(request.url);
    if (request.method !== "POST") {
      return await fileResponse(folder, pathname, headers);
    }
    if (pathname === "/ask") return new Response(await tell?.(browser.pid), { headers });
    if (pathname === "/answer") resolve(await request.text());
    else reject(new UserError(`the page says: ${await request.text()}`));
    return new Response();
  });
  const profile = await Deno.makeTempDir({ prefix: "octavo-chromium-" });
  const address = `http://127.0.0.1:${server.addr.port}/${page}`;
  const browser: Deno.ChildProcess = new Deno.Command(chromium, {
    args: ["--headless", "--no-sandbox", "--disable-gpu", `--user-data-dir=${profile}`, address],
    ...{ stdin: "null", stdout: "null", stderr: "null" },
  }).spawn();
  const late = setTimeout(() => reject(new UserError(`${chromium} gave no answer`)), patienceMs);
  try {
    return await promise;
  } finally {
    clearTimeout(late);
    browser.kill("SIGKILL");
    await browser.status;
    await server.shutdown();
    await Deno.remove(profile, { recursive: true }).catch(() => {}); // its children may still write
  }
}

async function fileResponse(
  folder: string,
  pathname: string,
  headers: Readonly<Record<string, string>>,
): Promise<Response> {
  try {
    const bytes = await Deno.readFile(join(folder, decodeURIComponent(pathname)));
    const type = TYPES.get(pathname.slice(pathname.lastIndexOf("."))) ?? "application/octet-stream";
    return new Response(bytes, { headers: { ...headers, "content-type": type } });
  } catch {
    return new Response(null, { status: 404 });
  }
}
