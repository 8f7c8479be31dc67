/**
 * What a server sends of a file, in bytes.
 * @category Records (advanced)
 */
export interface Download {
  /** After gzip, level 6: what servers take where nobody says otherwise. */
  gzip: number;
  /** After brotli, quality 5: as servers compress at each request. */
  brotli: number;
}
