import { assertEquals, assertThrows } from "@std/assert";
import { calibrationFromJson, calibrationToJson } from "../../lib/calibrate/calibration.ts";
import { addValues, emptyStatistics } from "../../lib/calibrate/statistics.ts";
import { UserError } from "../../lib/errors.ts";
import { normal } from "../random.ts";
import { seen } from "./arrays.ts";

Deno.test("a calibration comes back from JSON as it was", () => {
  const layout = { dims: [2, 50], axis: 0 };
  const calibration = {
    samples: 2,
    statistics: new Map([
      ["x", seen(normal(100, 1), normal(100, 2))],
      ["y", addValues(emptyStatistics(), normal(100, 3), layout)],
    ]),
  };
  const text = JSON.stringify(calibrationToJson(calibration));
  assertEquals(calibrationFromJson(JSON.parse(text)), calibration);
});

Deno.test("a calibration comes back with what was never seen, though JSON has no infinity", () => {
  const statistics = new Map([
    ["x", emptyStatistics()],
    ["mask", { ...emptyStatistics(), endless: true } as const],
  ]);
  const calibration = { samples: 1, statistics };
  const text = JSON.stringify(calibrationToJson(calibration));
  assertEquals(calibrationFromJson(JSON.parse(text)), calibration);
});

Deno.test("calibrationFromJson() refuses other things, and other versions", () => {
  for (const other of [null, 7, {}, { samples: 3 }]) {
    assertThrows(() => calibrationFromJson(other), UserError, "expected { format, samples");
  }
  const old = { samples: 1, statistics: {} };
  assertThrows(() => calibrationFromJson(old), UserError, "of format 1: this version reads 2");
});
