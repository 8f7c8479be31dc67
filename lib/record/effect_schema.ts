import { z } from "zod";
import type { Effect } from "./ablation_record.ts";
import { schemaOf } from "./schema_of.ts";
import { estimate } from "./trial_schema.ts";

/** Schema of what a store keeps of an ablation. */
export const effect = schemaOf<Effect>()(
  z.strictObject({
    run: z.int(),
    samples: z.int(),
    value: estimate.optional(),
    difference: estimate.optional(),
    sqnr: estimate.optional(),
    noise: z.number().optional(),
    cosine: z.number().optional(),
    margin: z.number().optional(),
    error: z.string().optional(),
  }),
);
