/**
 * What the supervisor and its children say to each other over Node's IPC channel. A child answers pings from its
 * first moment, says `ready` once, and stops by itself when the channel closes: its supervisor is dead.
 */

export interface ReadyMessage {
  type: "ready";
  /** The gateway's address. */
  url?: string;
  /** The model that agents use, in words; null when there is none and Roost rehearses. */
  model?: string | null;
  /** Further lines that the person should see. */
  notices?: string[];
}

export type ChildMessage = ReadyMessage | { type: "pong" };

/** Undefined for anything else: a child may send what a later version understands. */
export function readChildMessage(message: unknown): ChildMessage | undefined {
  if (typeof message !== "object" || message === null || !("type" in message)) return undefined;
  if (message.type === "pong") return { type: "pong" };
  if (message.type !== "ready") return undefined;
  const { url, model, notices } = message as Record<string, unknown>;
  return {
    type: "ready",
    ...(typeof url === "string" ? { url } : {}),
    ...(typeof model === "string" || model === null ? { model } : {}),
    ...(Array.isArray(notices) ? { notices: notices.filter((line) => typeof line === "string") } : {}),
  };
}
