import { z } from "zod";

/** What a server sends of a file, in bytes. */
export const download = z.strictObject({
  /** After gzip, level 6: what servers take where nobody says otherwise. */
  gzip: z.int(),
  /** After brotli, quality 5: as servers compress at each request. */
  brotli: z.int(),
});
/** What a server sends of a file, in bytes: plain JSON. */
export type Download = z.infer<typeof download>;
