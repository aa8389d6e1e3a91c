export { readDocument } from "./documents/read-document.ts";
export { reduceDocument, type LeftOut, type ReducedDocument, type ReduceOptions } from "./documents/reduce-document.ts";
