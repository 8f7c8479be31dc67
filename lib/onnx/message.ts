import type { Message as Known } from "@bufbuild/protobuf";

/**
 * What every message of the file format has beside its fields.
 * @category File format (advanced)
 */
export interface Message<Name extends string = string> {
  /** Name of its type, such as `onnx.NodeProto`. */
  readonly $typeName: Name;
  /**
   * Fields that a newer version of the format has: kept, so that they are written again.
   * @ignore
   */
  $unknown?: Known["$unknown"];
}
