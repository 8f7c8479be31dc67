import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { tango } from "../../lib/evaluate/paired.ts";
import { generator } from "../random.ts";

Deno.test("tango() gives the published intervals", () => {
  // Complete response before and after consolidation therapy (Cavo et al. 2012): what the R package
  // contingencytables, of Fagerland, Lydersen and Laake 2017, gives.
  const cavo = tango(6, 16, 161);
  assertAlmostEquals(cavo.low, -0.1240, 5e-5);
  assertAlmostEquals(cavo.high, -0.0054, 5e-5);
  // Airway hyper-responsiveness before and after stem cell transplantation (Bentur et al. 2009):
  // Fagerland, Lydersen and Laake 2014, table V.
  const bentur = tango(1, 7, 21);
  assertAlmostEquals(bentur.low, -0.517, 5e-4);
  assertAlmostEquals(bentur.high, -0.026, 5e-4);
});

Deno.test("tango() agrees with the score test inverted numerically", () => {
  // With scipy 1.17.1: the restricted likelihood maximised by minimize_scalar, its score test solved
  // for ±1.96 by brentq, without the closed form.
  const cases = [
    [40, 20, 160, 0.030864532489, 0.218064244192],
    [3, 7, 2000, -0.005883577770, 0.001326053320],
    [5, 0, 500, 0.002299416053, 0.023193099756],
    [0, 0, 2000, -0.001917047374, 0.001917047281],
  ] as const;
  for (const [gained, lost, n, low, high] of cases) {
    const interval = tango(gained, lost, n);
    assertAlmostEquals(interval.low, low, 2e-9);
    assertAlmostEquals(interval.high, high, 2e-9);
  }
});

Deno.test("tango() after no change gives ±z^2 / (n + z^2), not nothing", () => {
  const z2 = 1.959963984540054 ** 2;
  for (const n of [1, 30, 500]) {
    const { low, high } = tango(0, 0, n);
    assertAlmostEquals(high, z2 / (n + z2), 1e-12);
    assertAlmostEquals(low, -high, 1e-12);
  }
});

Deno.test("tango() mirrors when gains and losses change places, and stays within -1..1", () => {
  for (const [gained, lost, n] of [[5, 2, 80], [0, 9, 9], [3, 3, 6], [1, 0, 1]] as const) {
    const one = tango(gained, lost, n);
    const other = tango(lost, gained, n);
    assertAlmostEquals(one.low, -other.high, 1e-12);
    assertAlmostEquals(one.high, -other.low, 1e-12);
    assert(one.low >= -1 && one.low <= (gained - lost) / n);
    assert(one.high <= 1 && one.high >= (gained - lost) / n);
  }
  assertEquals(tango(2, 0, 2).high, 1);
});

Deno.test("tango() leaves out 0 exactly where McNemar's test at 5 % finds a difference", () => {
  const z2 = 1.959963984540054 ** 2;
  for (let gained = 0; gained < 20; gained++) {
    for (let lost = 0; lost < 20; lost++) {
      const { low, high } = tango(gained, lost, 100);
      const rejects = (gained - lost) ** 2 > z2 * (gained + lost);
      assertEquals(low > 0 || high < 0, rejects);
    }
  }
});

Deno.test("tango() holds the truth about 95 times in 100, with few changes too", () => {
  // Of 500 samples 1 % are gained and 2 % lost: a true difference of -1 point.
  const random = generator(2);
  let held = 0;
  for (let study = 0; study < 2000; study++) {
    let [gained, lost] = [0, 0];
    for (let i = 0; i < 500; i++) {
      const x = random();
      if (x < 0.01) gained++;
      else if (x < 0.03) lost++;
    }
    const { low, high } = tango(gained, lost, 500);
    if (low <= -0.01 && -0.01 <= high) held++;
  }
  assertAlmostEquals(held / 2000, 0.95, 0.015);
});
