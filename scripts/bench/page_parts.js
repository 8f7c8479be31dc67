/** What pages that time models have in common. */

/**
 * Milliseconds: of warming up a model, of the page's own time (on a busy machine V8's compilers wait as the page
 * does), at most so many times as long on the wall; and the least of a turn.
 */
const WARM_MS = 2000;
const BUSY = 8;
const TURN_MS = 60;

const say = (path, body) => fetch(path, { method: "POST", body });

/** Does what a page is for, and sends back what comes of it, or why nothing does. */
export async function answerWith(work) {
  try {
    const { manifest, now, clock } = await begin();
    await say("/answer", JSON.stringify({ clock, ...await work(manifest, now) }));
  } catch (error) {
    await say("/failure", String(error.stack ?? error));
  }
}

/** What is to be done, and the clock to time it with. */
async function begin() {
  const manifest = await (await fetch("manifest.json")).json();
  const clock = await told() === undefined ? "wall" : "thread";
  return { manifest, clock, now: clock === "wall" ? () => performance.now() : told };
}

/** Milliseconds that this page has computed for; undefined where nobody knows. */
async function told() {
  const text = await (await say("/ask")).text();
  return text === "" ? undefined : Number(text);
}

export async function bytesOf(name) {
  return new Uint8Array(await (await fetch(name)).arrayBuffer());
}

/** What the models are fed, as onnxruntime-web's tensors. */
export async function feedsOf(ort, inputs) {
  const feeds = {};
  for (const { name, type, dims, file } of inputs) {
    const data = new ort.Tensor(type, [], [0]).data.constructor;
    feeds[name] = new ort.Tensor(type, new data((await bytesOf(file)).buffer), dims);
  }
  return feeds;
}

/** Runs a session, and lets go of what it gives. */
export function runOf(session, feeds) {
  return async () => {
    const results = await session.run(feeds);
    for (const tensor of Object.values(results)) tensor.dispose();
  };
}

/** Milliseconds of one run, `[round][model]`. */
export async function inTurns(runs, rounds, now) {
  const repeats = [];
  for (const run of runs) repeats.push(Math.max(1, Math.round(TURN_MS / await warmUp(run, now))));
  const ms = [];
  for (let round = 0; round < rounds; round++) {
    const order = [...runs.keys()];
    if (round % 2 === 1) order.reverse();
    const times = [];
    for (const i of order) {
      const from = await now();
      for (let n = 0; n < repeats[i]; n++) await runs[i]();
      times[i] = (await now() - from) / repeats[i];
    }
    ms.push(times);
  }
  return ms;
}

/** Runs a model until its code is compiled well, and gives back the milliseconds of a run at the end. */
async function warmUp(run, now) {
  const [start, startOnWall] = [await now(), performance.now()];
  for (;;) {
    const from = await now();
    const until = performance.now() + TURN_MS;
    let count = 0;
    do {
      await run();
      count++;
    } while (performance.now() < until);
    const end = await now();
    const isLate = performance.now() - startOnWall >= BUSY * WARM_MS;
    if (end - start >= WARM_MS || isLate) return Math.max((end - from) / count, 0.001);
  }
}
