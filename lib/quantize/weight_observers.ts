import {
  perChannel,
  perChannelMse,
  perTensor,
  perTensorAffine,
  perTensorMse,
  type WeightObserver,
} from "./qconfig.ts";

/**
 * Name of a way to choose the scales of weights.
 * @category QConfigs (advanced)
 */
export type WeightsName =
  | "per-channel"
  | "per-tensor"
  | "per-channel-mse"
  | "per-tensor-mse"
  | "per-tensor-affine";

/** To add a way to choose the scales of weights, write it in `qconfig.ts` and name it here. */
const WEIGHT_OBSERVERS: Readonly<Record<WeightsName, WeightObserver>> = {
  "per-channel": perChannel,
  "per-tensor": perTensor,
  "per-channel-mse": perChannelMse,
  "per-tensor-mse": perTensorMse,
  "per-tensor-affine": perTensorAffine,
};

/** Names of all of them. */
export const WEIGHTS_NAMES: WeightsName[] = Object.keys(WEIGHT_OBSERVERS) as WeightsName[];

/** The weight observer of a name. */
export function toWeights(name: WeightsName): WeightObserver {
  return WEIGHT_OBSERVERS[name];
}

/** Whether there is a weight observer of this name. */
export function isWeightsName(name: string): name is WeightsName {
  return Object.hasOwn(WEIGHT_OBSERVERS, name);
}
