export { createRouter, textsOf, type Route, type Router, type RouterOptions } from "./create-router.ts";
export { chooseExamples } from "./choose-examples.ts";
export type { RouteTarget } from "./route-target.ts";
export { readWordVectors, type WordVectors } from "./word-vectors.ts";
