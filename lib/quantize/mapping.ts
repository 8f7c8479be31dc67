import { nearest, UserError } from "../errors.ts";
import type { QConfig } from "./qconfig.ts";

/**
 * What a rule speaks of: an operator type, or a text that is an exact node name, a module path with
 * all beneath it (`front.layer1`), or a glob over node names and module paths (`*.conv1`).
 */
export type Selector = string | { readonly op: string };

/** Ordered rules from nodes to qconfigs; later rules win over earlier ones and over the default. */
export interface QConfigMapping {
  readonly default: QConfig;
  readonly rules: readonly Rule[];
}

/** A selector and what the nodes it selects are to be. */
export type Rule = readonly [selector: Selector, qconfig: QConfig];

/** What a mapping has to know of a node. */
export interface NodeIdentity {
  readonly name: string;
  readonly opType: string;
  /** Module path, "" if unknown. */
  readonly path: string;
}

/** The qconfig of a node and the rule it comes from. */
export interface Resolved {
  readonly qconfig: QConfig;
  /** In words, for the plan: `default`, `rule "front3D"`, `rule op GRU`. */
  readonly source: string;
  /** Whether a rule names this node by its operator or exact name, not just the region it lies in. */
  readonly exact: boolean;
}

/**
 * Makes a mapping.
 *
 * @example PyTorch's `model.front3D.qconfig = None`
 * ```ts
 * import { qconfigMapping } from "./mapping.ts";
 * import { float32, staticInt8 } from "./qconfig.ts";
 * import assert from "node:assert/strict";
 * const mapping = qconfigMapping({ default: staticInt8(), rules: [["front3D", float32]] });
 * assert.equal(mapping.rules.length, 1);
 * ```
 */
export function qconfigMapping(
  options: { default: QConfig; rules?: readonly Rule[] },
): QConfigMapping {
  return { default: options.default, rules: options.rules ?? [] };
}

/**
 * Resolves a mapping for every node of a network.
 *
 * @returns One entry a node, in the order of the nodes.
 * @throws {UserError} If a rule selects no node; the message lists the nearest names.
 */
export function resolveMapping(
  mapping: QConfigMapping,
  nodes: readonly NodeIdentity[],
): Resolved[] {
  const matchers = mapping.rules.map(([selector]) => makeMatcher(selector));
  const used = mapping.rules.map(() => false);
  const resolved = nodes.map((node): Resolved => {
    for (let i = matchers.length - 1; i >= 0; i--) {
      const match = matchers[i]!(node);
      if (match === undefined) continue;
      const [selector, qconfig] = mapping.rules[i]!;
      return { qconfig, source: `rule ${showSelector(selector)}`, exact: match === "exact" };
    }
    return { qconfig: mapping.default, source: "default", exact: false };
  });
  // A rule that a later one always overrides still matched something, so it is not a mistake.
  matchers.forEach((matches, i) => used[i] = nodes.some((node) => matches(node) !== undefined));
  const idle = used.indexOf(false);
  if (idle >= 0) throw unmatched(mapping.rules[idle]![0], nodes);
  return resolved;
}

function showSelector(selector: Selector): string {
  return typeof selector === "string" ? `"${selector}"` : `op ${selector.op}`;
}

/** Whether a node is selected: by its own name or operator (exact), or as part of a region. */
type Matcher = (node: NodeIdentity) => "exact" | "region" | undefined;

function makeMatcher(selector: Selector): Matcher {
  if (typeof selector !== "string") {
    return (node) => node.opType === selector.op ? "exact" : undefined;
  }
  if (/[*?]/.test(selector)) {
    const pattern = globPattern(selector);
    return ({ name, path }) => pattern.test(name) || pattern.test(path) ? "region" : undefined;
  }
  return ({ name, path }) => {
    if (name === selector) return "exact";
    return path === selector || path.startsWith(selector + ".") ? "region" : undefined;
  };
}

/** `*` stands for any text, dots and slashes included; `?` for one character. */
function globPattern(glob: string): RegExp {
  const source = glob.replace(/[.+^${}()|[\]\\]/g, "\\$&").replace(/\*/g, ".*").replace(/\?/g, ".");
  return new RegExp(`^${source}$`);
}

function unmatched(selector: Selector, nodes: readonly NodeIdentity[]): UserError {
  const ops = nodes.map((node) => node.opType);
  const names = typeof selector === "string"
    ? nodes.flatMap(({ name, path }) => [name, ...prefixes(path)]).filter((name) => name !== "")
    : ops;
  const wanted = typeof selector === "string" ? selector : selector.op;
  const near = nearest(wanted, names);
  const hint = near.length > 0
    ? `nearest are ${near.map((name) => `"${name}"`).join(", ")}`
    : typeof selector === "string"
    ? `\`inspect\` lists the nodes and their module paths`
    : `the network has ${[...new Set(ops)].sort().join(", ")}`;
  return new UserError(
    `Cannot apply the qconfig mapping: rule ${showSelector(selector)} matches no node; ${hint}`,
  );
}

/** `a.b.c` gives `a`, `a.b`, `a.b.c`. */
function prefixes(path: string): string[] {
  const parts = path.split(".");
  return parts.map((_, i) => parts.slice(0, i + 1).join("."));
}
