import assert from "node:assert/strict";
import { requireLimits } from "../../lib/evaluate/limits.ts";
import { infoOf, type Metric } from "../../lib/evaluate/metric.ts";
import { agreement } from "../../lib/evaluate/metrics/agreement.ts";
import { cosine } from "../../lib/evaluate/metrics/cosine.ts";
import { sqnr } from "../../lib/evaluate/metrics/sqnr.ts";
import { top1 } from "../../lib/evaluate/metrics/top1.ts";

const refused = (metric: Metric, limits: Parameters<typeof requireLimits>[1], message: RegExp) =>
  assert.throws(() => requireLimits(infoOf(metric), limits), (error: Error) => {
    assert.equal(error.name, "UsageError");
    assert.match(error.message, message);
    return true;
  });

Deno.test("requireLimits() takes limits in the metric's unit", () => {
  const allowed = (metric: Metric, limits: Parameters<typeof requireLimits>[1]) =>
    requireLimits(infoOf(metric), limits);
  allowed(top1(), { maxDrop: 0.5 });
  allowed(top1(), { atLeast: 30 }); // a hard task
  allowed(top1(), { maxDrop: 100 }); // whatever it loses
  allowed(agreement(), { atLeast: 99 });
  allowed(sqnr(), { maxDrop: 120 });
  allowed(sqnr(), { atLeast: 30 });
  allowed(cosine(), { atLeast: 0.999 });
  allowed(cosine(), { maxDrop: 0.001 });
  allowed(top1(), {});
});

Deno.test("requireLimits() says what was likely meant by a limit in another unit", () => {
  refused(top1(), { atLeast: 0.9 }, /--at-least 0\.9 cannot .* per cent.*: give --at-least 90$/);
  refused(agreement(), { atLeast: 1 }, /give --at-least 100$/);
  refused(top1(), { maxDrop: 150 }, /give 100 or less$/);
  refused(top1(), { atLeast: 900 }, /from 0 to 100/);
  refused(
    sqnr(),
    { maxDrop: 0.5 },
    /asks for 149\.5 dB.* --at-least 30; .*agreement --max-drop 0\.5$/,
  );
  refused(
    agreement(),
    { maxDrop: 30 },
    /fall to 70 %.*--metric sqnr --at-least 30.*--at-least 70$/,
  );
  refused(agreement(), { atLeast: 30 }, /--metric sqnr --at-least 30/);
  refused(sqnr(), { atLeast: 0.99 }, /--metric cosine --at-least 0\.99; .*agreement --at-least 99/);
  refused(sqnr(), { atLeast: 149 }, /no int8 reaches 149 dB/);
  refused(cosine(), { atLeast: 99.9 }, /give --at-least 0\.999$/);
  refused(cosine(), { atLeast: 30 }, /--metric sqnr --at-least 30$/);
  refused(cosine(), { maxDrop: 0.5 }, /--metric agreement --max-drop 0\.5$/);
});

Deno.test("requireLimits() refuses two limits, and less than nothing", () => {
  refused(top1(), { maxDrop: 1, atLeast: 90 }, /give one of them$/);
  refused(top1(), { maxDrop: -1 }, /give 0 or more$/);
});
