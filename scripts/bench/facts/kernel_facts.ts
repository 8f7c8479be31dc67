import { ACTIVATION_FACTS, MOVE_FACTS, REDUCTION_FACTS } from "./fast_facts.ts";
import type { KernelFact } from "./fact.ts";
import { FORM_FACTS } from "./form_facts.ts";
import { INT8_FACTS } from "./int8_facts.ts";
import { WEIGHT_FACTS } from "./weight_facts.ts";

/** Every rule about the speed of kernels that lib relies on and a small model shows. */
export const KERNEL_FACTS: readonly KernelFact[] = [
  ...INT8_FACTS,
  ...WEIGHT_FACTS,
  ...ACTIVATION_FACTS,
  ...REDUCTION_FACTS,
  ...MOVE_FACTS,
  ...FORM_FACTS,
];
