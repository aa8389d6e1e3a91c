export { canonicalJson } from "./canonical-json.ts";
export { createFakeClock, systemClock, type Clock, type FakeClock } from "./clock.ts";
export { createId, createIdSource, replaceIdSource, type IdSourceOptions } from "./create-id.ts";
export { gatewayFile, readGatewayUrl } from "./gateway-file.ts";
export { homeDirectory } from "./home-directory.ts";
export { delay, sleepUntilAborted, type DelayOptions } from "./delay.ts";
export { describeIssue, formatPath } from "./describe-issue.ts";
export { durationMsMax, formatDurationMs, parseDurationMs, writeDurationMs } from "./duration.ts";
export { createDraw } from "./create-draw.ts";
export { drawFraction } from "./draw-fraction.ts";
export { backoffMs, type Backoff } from "./backoff-ms.ts";
export { jitteredMs } from "./backoff-ms.ts";
export { isJsonObject, jsonObjectOf, type JsonFields, type JsonObject, type JsonValue } from "./json-value.ts";
export {
  createLogger,
  logLevels,
  silentLogger,
  type LogFields,
  type Logger,
  type LoggerOptions,
  type LogLevel,
} from "./logger.ts";
export { briefMs, keepBriefly } from "./keep-briefly.ts";
export { limitBytes } from "./limit-bytes.ts";
export { nearestName } from "./nearest-name.ts";
export { findOnPath, findRoostCommand, nameCommands, type RoostCommandOptions } from "./roost-command.ts";
export { processExists } from "./process-exists.ts";
export { isProcessAlive, readProcessIdentity } from "./process-identity.ts";
export { readConfig, type ReadConfigOptions } from "./read-config.ts";
export { readLines } from "./read-lines.ts";
export { settleStart } from "./settle-start.ts";
export { severalAtOnce } from "./several-at-once.ts";
export {
  findUnstorable,
  hiddenCharacters,
  isPlainLine,
  isStorableJson,
  isStorableText,
  repairedLine,
  storableRule,
  storableText,
  storableValue,
  visibleText,
} from "./storable-text.ts";
export { splitFrontMatter } from "./split-front-matter.ts";
export { makePrivateDirectory } from "./make-private-directory.ts";
export { dropSecret, keepSecret } from "./keep-secret.ts";
export { addFileDurably, syncDirectory, writeFileDurably } from "./write-file-durably.ts";
export { endLate, runProcess } from "./run-process.ts";
export { listenToSupervisor, type Supervised } from "./listen-to-supervisor.ts";
export { endServer } from "./end-server.ts";
export { ownServicesDir } from "./own-services.ts";
export {
  errorCodes,
  isErrorCode,
  refusalCodes,
  RoostError,
  toRoostError,
  type ErrorCode,
  type RoostErrorOptions,
} from "./roost-error.ts";
export { momentsIn } from "./moments-in.ts";
export { timeZoneOf, type TimeZone } from "./time-zone.ts";
export { unlessAborted } from "./unless-aborted.ts";
export { centreOf, directionOf, productOf } from "./directions.ts";
