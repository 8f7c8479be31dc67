import type { Observer } from "../calibrate/observers.ts";
import { nearest, UserError } from "../errors.ts";
import type { FileRange } from "../passes/undo/undo_log.ts";
import type { PartName, PartSelector } from "../record/part_name.ts";
import { partTitle } from "../report/plan_parts.ts";
import type { QConfig } from "./qconfig.ts";

/**
 * What a rule speaks of: an operator type, a part of a transformer (`{ part: "attention" }`, and
 * `{ part: "feed-forward", layer: 0 }` of one layer), or a text that is an exact node name, a module path
 * with all beneath it (`front.layer1`), a part and its layer (`attention 0`), or a glob over node names and
 * module paths (`*.conv1`).
 * @category QConfigs (advanced)
 */
export type Selector = string | { readonly op: string } | PartSelector;

/**
 * Ordered rules from nodes to qconfigs; later rules win over earlier ones and over the default.
 * @category QConfigs
 */
export interface QConfigMapping {
  /** For nodes that no rule selects. */
  readonly default: QConfig;
  /** In order; of several that select a node the last counts. */
  readonly rules: readonly Rule[];
  /**
   * What becomes of a rule that asks for what none of its nodes can be, as static int8 of a GRU:
   * `error`, the default, refuses it, `float32` leaves the nodes alone and says so in the plan. What the default
   * asks for is never an error: it goes for all nodes that can.
   */
  readonly onUnsupported?: "error" | "float32";
  /** See {@linkcode QConfigMappingOptions.int8Tensors}. */
  readonly int8Tensors?: readonly string[];
  /** See {@linkcode QConfigMappingOptions.observers}. */
  readonly observers?: ReadonlyMap<string, Observer>;
  /** See {@linkcode QConfigMappingOptions.fileRanges}. */
  readonly fileRanges?: ReadonlyMap<string, FileRange>;
}

/**
 * A selector and what the nodes it selects are to be.
 * @category QConfigs
 */
export type Rule = readonly [selector: Selector, qconfig: QConfig];

/**
 * What a mapping has to know of a node.
 * @category QConfigs (advanced)
 */
export interface NodeIdentity {
  /** Its name; of one without a name that of its first output. */
  readonly name: string;
  /** Its operator, e.g. `Conv`. */
  readonly opType: string;
  /** Module path, "" if unknown. */
  readonly path: string;
  /** Another module path that finds it, if any: that of a BatchNorm which an exporter folded into it. */
  readonly alias?: string;
  /** The part of a transformer that it is in, if any. */
  readonly part?: PartName;
  /** Number of the layer of that part, from 0; absent of what is in none. */
  readonly layer?: number;
}

/** The qconfig of a node and the rule it comes from. */
export interface Resolved {
  readonly qconfig: QConfig;
  /** In words, for the plan: `default`, `rule "front3D"`, `rule op GRU`. */
  readonly source: string;
  /** Number of the rule, undefined for the default. */
  readonly rule: number | undefined;
  /** Whether that rule means this node, by its name or path: such a one is obeyed whatever comes of it. */
  readonly named: boolean;
}

/**
 * Makes a mapping.
 *
 * @example PyTorch's `model.front3D.qconfig = None`
 * ```ts
 * import { float32, qconfigMapping, staticInt8 } from "octavo";
 * import assert from "node:assert/strict";
 * const mapping = qconfigMapping({ default: staticInt8(), rules: [["front3D", float32]] });
 * assert.equal(mapping.rules.length, 1);
 * ```
 * @category QConfigs
 */
export function qconfigMapping(options: QConfigMappingOptions): QConfigMapping {
  const { default: byDefault, rules = [], onUnsupported = "error", int8Tensors = [] } = options;
  const { observers = new Map(), fileRanges } = options;
  return {
    ...{ default: byDefault, rules, onUnsupported, int8Tensors, observers },
    ...(fileRanges && { fileRanges }),
  };
}

/**
 * Options of {@linkcode qconfigMapping}.
 * @category QConfigs (advanced)
 */
export interface QConfigMappingOptions {
  /** For nodes that no rule selects. */
  default: QConfig;
  /** In order; of several that select a node the last counts. @default {none} */
  rules?: readonly Rule[];
  /** See {@linkcode QConfigMapping.onUnsupported}. @default {"error"} */
  onUnsupported?: "error" | "float32";
  /**
   * Tensors that are quantized where they come from, for whatever can read them as uint8. Static nodes
   * that only move values or follow their neighbours do so where these are int8, which behind a
   * float32 node they are not; a Gather that lays a map out for a Gemm had better move bytes.
   * @default {none}
   */
  int8Tensors?: readonly string[];
  /**
   * Who chooses the ranges of single tensors, by name, in place of the observer of the qconfig: a node
   * reads one tensor and gives another, and what suits the one may not suit the other.
   * @default {none}
   */
  observers?: ReadonlyMap<string, Observer>;
  /**
   * Scales and zero points that tensors have in a file that was int8 already, by name: taken as they are, or
   * moved by 128 where the type is another, whatever calibration saw. Where there is no calibration, layers
   * that read or give another tensor are not static. @default {none}
   */
  fileRanges?: ReadonlyMap<string, FileRange>;
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
  // A rule that a later one always overrides still matches something, so it is not a mistake.
  const idle = matchers.findIndex((matches) => !nodes.some(matches));
  if (idle >= 0) throw unmatched(mapping.rules[idle]![0], nodes);
  return nodes.map((node): Resolved => {
    const rule = matchers.findLastIndex((matches) => matches(node));
    if (rule < 0) {
      return { qconfig: mapping.default, source: "default", rule: undefined, named: false };
    }
    const [selector, qconfig] = mapping.rules[rule]!;
    const named = typeof selector === "string";
    return { qconfig, source: `rule ${showSelector(selector)}`, rule, named };
  });
}

/** A selector as messages show it. */
export function showSelector(selector: Selector): string {
  if (typeof selector === "string") return `"${selector}"`;
  if ("op" in selector) return `op ${selector.op}`;
  const { part, layer } = selector;
  return layer === undefined ? `part ${part}` : `part ${part} of layer ${layer}`;
}

type Matcher = (node: NodeIdentity) => boolean;

function makeMatcher(selector: Selector): Matcher {
  if (typeof selector !== "string") {
    if ("op" in selector) return (node) => node.opType === selector.op;
    const { part, layer } = selector;
    return (node) => node.part === part && (layer === undefined || node.layer === layer);
  }
  if (/[*?]/.test(selector)) {
    const pattern = globPattern(selector);
    return ({ name, path, alias }) => [name, path, alias ?? ""].some((one) => pattern.test(one));
  }
  return ({ name, path, alias, part, layer }) =>
    name === selector || (part !== undefined && partTitle({ part, layer }) === selector) ||
    [path, alias].some((one) => one === selector || one?.startsWith(selector + "."));
}

/** `*` stands for any text, dots and slashes included; `?` for one character. */
function globPattern(glob: string): RegExp {
  const source = glob.replace(/[.+^${}()|[\]\\]/g, "\\$&").replace(/\*/g, ".*").replace(/\?/g, ".");
  return new RegExp(`^${source}$`);
}

function unmatched(selector: Selector, nodes: readonly NodeIdentity[]): UserError {
  return new UserError(
    `Cannot apply the qconfig mapping: rule ${showSelector(selector)} matches no node; ` +
      hintFor(selector, nodes),
  );
}

/** What could have been meant. */
function hintFor(selector: Selector, nodes: readonly NodeIdentity[]): string {
  if (typeof selector === "object" && "part" in selector) {
    const parts = [...new Set(nodes.flatMap(({ part }) => part ?? []))];
    const layers = Math.max(...nodes.map(({ layer = -1 }) => layer)) + 1;
    return parts.length > 0
      ? `the network has ${parts.join(", ")}, and ${layers} layers`
      : "parts are those of a transformer, and the network has no attention";
  }
  const ops = nodes.map((node) => node.opType);
  const names = typeof selector === "string"
    ? nodes.flatMap(({ name, path }) => [name, ...prefixes(path)]).filter((name) => name !== "")
    : ops;
  const near = nearest(typeof selector === "string" ? selector : selector.op, names);
  if (near.length > 0) return `nearest are ${near.map((name) => `"${name}"`).join(", ")}`;
  return typeof selector === "string"
    ? `\`inspect\` lists the nodes and their module paths`
    : `the network has ${[...new Set(ops)].sort().join(", ")}`;
}

/** `a.b.c` gives `a`, `a.b`, `a.b.c`. */
function prefixes(path: string): string[] {
  const parts = path.split(".");
  return parts.map((_, i) => parts.slice(0, i + 1).join("."));
}

/** The observers that the qconfigs of a mapping name. */
export function observersOf({ default: byDefault, rules }: QConfigMapping): Observer[] {
  const qconfigs = [byDefault, ...rules.map(([, qconfig]) => qconfig)];
  return qconfigs.flatMap((qconfig) => qconfig.kind === "static" ? [qconfig.activation] : []);
}
