import { UserError } from "../../lib/errors.ts";
import { ISOLATION_HEADERS } from "../../lib/ship/web_runtime.ts";
import { answerOfPage, findChromium } from "../installs/browser.ts";
import { pageClock } from "./page_clock.ts";

/** Most time that a page may take: large models are slow to warm up. */
const PATIENCE_MS = 15 * 60_000;

/** Name of Chromium's program here. */
export async function requireChromium(): Promise<string> {
  const chromium = await findChromium();
  if (chromium === undefined) throw new UserError("Cannot time pages: there is no Chromium here");
  return chromium;
}

/** Opens a page that times models in a fresh Chromium, isolated and with a clock, and waits for its answer. */
export async function askPage<T>(chromium: string, folder: string, page: string): Promise<T> {
  let clock: ReturnType<typeof pageClock> | undefined;
  const answer = await answerOfPage(chromium, folder, page, {
    headers: ISOLATION_HEADERS,
    patienceMs: PATIENCE_MS,
    async tell(browser) {
      clock ??= pageClock(browser);
      return String(await clock() ?? "");
    },
  });
  return JSON.parse(answer);
}
