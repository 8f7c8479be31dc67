import { z } from "zod";
import { dataConfig } from "./data_config.ts";

/** Keys that the configs of all commands may have. */
export const sharedConfig = {
  $schema: z.string().describe("for editors: where the schema of this file lies").optional(),
  data: dataConfig.optional(),
};
