/** Public file `@roost/base/browser`: without Node and without zod. */
export { assert } from "./assert.ts";
export { backoffMs } from "./backoff-ms.ts";
export { canonicalJson } from "./canonical-json.ts";
export { systemClock, type Clock } from "./clock.ts";
export { sleepUntilAborted, type DelayOptions } from "./delay.ts";
export { describeIssue, formatPath } from "./describe-issue.ts";
export { durationMsMax, formatDurationMs, parseDurationMs, writeDurationMs } from "./duration.ts";
export { isJsonObject, jsonObjectOf, type JsonObject, type JsonValue } from "./json-value.ts";
export { limitBytes } from "./limit-bytes.ts";
export { errorCodes, isErrorCode, RoostError, toRoostError, type ErrorCode } from "./roost-error.ts";
export { findUnstorable, hiddenCharacters, lineRule, storableRule, visibleText } from "./storable-text.ts";
