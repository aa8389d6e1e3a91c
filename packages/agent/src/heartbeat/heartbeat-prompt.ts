import { heartbeatToken } from "./strip-heartbeat-token.ts";

/** The default prompt of a heartbeat. */
export const heartbeatPromptDefault = `This is a heartbeat. If there is a HEARTBEAT.md among your files, do what it says and nothing else; do not take up tasks of earlier conversations again. When nothing needs attention, answer with ${heartbeatToken} alone.`;
