/**
 * What the best trial is the best in: time, bytes of the file, or bytes that a server sends of it.
 * @category Studies (advanced)
 */
export type Objective = "latency" | "size" | "download";

/** All of them. */
export const OBJECTIVES: readonly Objective[] = ["latency", "size", "download"];

/** Whether a text names an objective. */
export function isObjective(text: string): text is Objective {
  return OBJECTIVES.some((objective) => objective === text);
}
