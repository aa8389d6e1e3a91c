export { heartbeatPromptDefault } from "./heartbeat/strip-heartbeat-token.ts";
export { duplicateReplyMs, isDuplicateReply } from "./heartbeat/is-duplicate-reply.ts";
export { isHeartbeatFileEmpty } from "./heartbeat/is-heartbeat-file-empty.ts";
export { floodMs, floodStartsMax, nextWake, wakeMsMin } from "./heartbeat/next-wake.ts";
export {
  ackCharsMaxDefault,
  heartbeatToken,
  stripHeartbeatToken,
  type StrippedReply,
} from "./heartbeat/strip-heartbeat-token.ts";
