/** What the best trial may be the best in: time, bytes of the file, or bytes that a server sends of it. */
export const OBJECTIVES = ["latency", "size", "download"] as const;

/** What the best trial is the best in. */
export type Objective = typeof OBJECTIVES[number];

/** Whether a text names an objective. */
export function isObjective(text: string): text is Objective {
  return (OBJECTIVES as readonly string[]).includes(text);
}
