/**
 * How many nodes a model has. Each takes its time beside that of its kernel, and more of it in some of the
 * runtime's binaries than in others.
 * @category Records (advanced)
 */
export interface NodeCounts {
  /** Nodes of the file, those in bodies of If, Loop and Scan once each. */
  file: number;
  /** The same after the runtime's optimization; absent where that cannot be read. */
  executed?: number;
}
