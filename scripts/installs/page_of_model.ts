import { UserError } from "../../lib/errors.ts";
import { ISOLATION_HEADERS } from "../../lib/ship/web_runtime.ts";
import { answerOfPage } from "./browser.ts";

/** What the page of `octavo init --page` shows of its outputs. */
export interface ShownOutputs {
  /** Threads that ran, as it says. */
  readonly threads: string;
  /** Of each output of each sample, whether it is Deno's to the bit. */
  readonly same: readonly string[];
}

/** Looks into the page from a frame around it, as that itself tells nobody. */
const FRAME = `<!doctype html>
<iframe src="index.html?threads=2"></iframe>
<script type="module">
  const frame = document.querySelector("iframe");
  const look = async () => {
    const page = frame.contentDocument?.documentElement;
    const state = page?.dataset.state;
    if (state === undefined) return setTimeout(look, 50);
    const text = (name) => page.querySelector(name).textContent;
    const threads = [...page.querySelectorAll("dl div")]
      .find((fact) => fact.querySelector("dt").textContent === "threads")
      ?.querySelector("dd").firstChild.textContent;
    const same = [...page.querySelectorAll("[data-same]")].map((row) => row.dataset.same);
    await fetch(state === "done" ? "/answer" : "/failure", {
      method: "POST",
      body: state === "done" ? JSON.stringify({ threads, same }) : text("#status"),
    });
  };
  look();
</script>
`;

/**
 * Opens the page in Chromium and reads what it shows of its outputs; two threads are asked for.
 *
 * @param folder What `octavo init --page` wrote.
 * @param options.isolated Whether it is served with the headers that give a page threads.
 */
export async function outputsShown(
  chromium: string,
  folder: string,
  { isolated }: { isolated: boolean },
): Promise<ShownOutputs> {
  await Deno.writeTextFile(`${folder}/frame.html`, FRAME);
  const headers = isolated ? ISOLATION_HEADERS : {};
  const shown: ShownOutputs = JSON.parse(
    await answerOfPage(chromium, folder, "frame.html", { headers }),
  );
  if (shown.same.length === 0) throw new UserError(`${folder}: the page shows no output`);
  return shown;
}
