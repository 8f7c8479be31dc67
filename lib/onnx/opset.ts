import type { Model } from "./model.ts";
import { newestKnown } from "./opset_conversions.ts";
import { NEWEST_OPSET, raiseProto } from "./raise_proto.ts";

/** First opset with a scale for each channel: QuantizeLinear and DequantizeLinear with an axis. */
export const QUANTIZED_OPSET = 13;

/**
 * Moves a model to a newer set of the standard's operators, changing what the move changes the meaning
 * of: attributes that became inputs, defaults and semantics that became others. Bodies and functions
 * are moved too; operators of other domains stay. The version of the file format rises with the set.
 *
 * A model that is there already is returned as it is. int8 needs 13 (QuantizeLinear per channel); the
 * lowest that serves is the best, since runtimes have had it the longest.
 *
 * @param target 13 to 26.
 * @throws {UserError} If the model's own set is older than 7 or not known, or an operator has no
 * correct form in the target: the message names it.
 * @see {@link https://onnx.ai/onnx/operators/ | ONNX operators}, which lists the versions of each
 */
export function raiseOpset(model: Model, target: number): Model {
  if (!Number.isInteger(target) || target < 13 || target > newestKnown) {
    throw new RangeError(`Cannot raise to opset ${target}: expected 13 to ${newestKnown}`);
  }
  if (model.opset >= target && model.opset <= NEWEST_OPSET) return model;
  return model.withProto(raiseProto(model.proto, model.name, target));
}
