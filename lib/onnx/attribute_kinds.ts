import { AttributeProto_AttributeType as Type } from "./onnx_pb.ts";

/**
 * What the attributes of the standard's operators hold, by name: one name means one kind, whatever the
 * operator, but for four. From the operators of opset 1 to 27.
 */
export const ATTRIBUTE_KINDS: ReadonlyMap<string, readonly Type[]> = byName({
  INT:
    "align_corners allowzero antialias axis batch_axis batch_dims block_size blocksize broadcast " +
    "ceil_mode center_point_box chunk_size count_include_pad detect_negative detect_positive dtype " +
    "end exclude_outside exclusive fmod group hidden_size ignore_index input_forget interleaved " +
    "inverse is_case_sensitive is_causal is_test k keepdims kv_num_heads largest layout " +
    "left_window_size linear_before_reset max_gram_length max_skip_count maxsplit min_gram_length " +
    "new_axis noop_with_empty_axes num_groups num_heads num_outputs num_scan_inputs offset_group " +
    "onesided output_datatype output_dtype output_height output_sequence output_width p periodic " +
    "precision q_num_heads qk_matmul_output_mode reverse right_window_size rotary_embedding_dim " +
    "sample_size sampling_ratio saturate seed select_last_index size softmax_precision sorted " +
    "spatial start stash_type storage_order time_axis to training_mode transA transB upper value_int",
  INTS: "axes consumed_inputs dilations directions ends kernel_shape ngram_counts ngram_indexes " +
    "output_padding output_shape paddings pads perm pool_int64s pooled_shape scan_input_axes " +
    "scan_input_directions scan_output_axes scan_output_directions shape split starts strides " +
    "value_ints",
  FLOAT: "alpha beta bias clip cubic_coeff_a epsilon extrapolation_value gamma height_scale high " +
    "lambd low max mean min momentum p ratio scale seed softcap spatial_scale value value_float " +
    "width_scale",
  FLOATS: "activation_alpha activation_beta scales value_floats weights",
  STRING: "activation approximate auto_pad case_change_action coordinate_transformation_mode " +
    "delimiter direction equation keep_aspect_ratio_policy locale mode nearest_mode padding_mode " +
    "pattern pixel_format reduction round_mode to update_rule value_string",
  STRINGS: "activations pool_strings stopwords value_strings",
  TENSOR: "value",
  SPARSE_TENSOR: "sparse_value",
  GRAPH: "body else_branch then_branch",
  TYPE_PROTO: "type",
});

/** Numbers that are not counts, lengths or axes: any integer will do. */
export const ANY_INTEGER: ReadonlySet<string> = new Set(
  "end ends ignore_index pool_int64s seed start starts value_int value_ints".split(" "),
);

function byName(
  names: Partial<Record<keyof typeof Type, string>>,
): Map<string, readonly Type[]> {
  const kinds = new Map<string, Type[]>();
  for (const [kind, list] of Object.entries(names)) {
    const type = Type[kind as keyof typeof Type];
    for (const name of list.split(" ")) kinds.set(name, [...kinds.get(name) ?? [], type]);
  }
  return kinds;
}
