import { elementCount } from "../tensor/tensor.ts";
