/**
 * Graphs as text, for tests and for looking at them.
 *
 * ```
 * graph net
 * input x float32[N, 3, 32, ?]            N by name, ? unknown; float32[...] is of unknown rank
 * output y float32[N, 10]
 * value h float32[N, 8]                   the type of a value inside
 * tensor b float32[2] = [0.5, -1.0]       an initializer
 * tensor w float32[64, 3, 7, 7] = #0123456789abcdef     a large one, by its hash
 * h = Conv(x, w, b) {strides=[2, 2]} @ node/name
 * a, m = com.microsoft::Op(h, "") {alpha=1.0, mode="linear", value=<float32[] = [2.0]>}
 * y = If(c) {then_branch=graph name {
 *   output z float32[1]
 *   z = Relu(h)
 * }, else_branch=graph {…}}
 * ```
 *
 * Names are quoted as in JSON where they hold other characters than letters, digits and `_./:+-`.
 * A number with a point is FLOAT, without one INT. `bfloat16` and the floats below a byte are written
 * as their bytes, `hex"803f"`. Statements need no order, and may share a line, divided by `;`.
 *
 * Printing leaves out what no computation reads: doc strings, metadata, device configurations,
 * annotations. What is parsed prints the same again.
 */
export { parseGraph, type ParseOptions } from "./parse.ts";
export { printGraph, type PrintOptions } from "./print.ts";
