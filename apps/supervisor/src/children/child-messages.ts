/**
 * Messages between the supervisor and its children over Node's IPC channel. A child answers pings from its start, sends `ready` once, and stops
 * when the channel closes, because its supervisor has died.
 */

export interface ReadyMessage {
  type: "ready";
  /** The gateway's address. */
  url?: string;
  /** Signs one browser in, within five minutes. */
  signInCode?: string;
  /** The model that agents use, in words; null when there is none and Roost rehearses. */
  model?: string | null;
  /** Further lines for the person. */
  notices?: string[];
  /** The settings name domain services. */
  hasServices?: boolean;
}

/** A gateway: which services are to run has changed. */
export interface ServicesMessage {
  type: "services";
  /** There are some. */
  has: boolean;
}

/** It asks for another process in its place. */
export interface ReplaceMessage {
  type: "replace";
}

/** It has loaded, and asks for its database. */
export interface DatabaseMessage {
  type: "database";
}

/** A gateway: the settings have changed, and every process is to read them anew. */
export interface RestartMessage {
  type: "restart";
}

/** What a child asks of its supervisor. */
export type ChildRequest = ServicesMessage | ReplaceMessage | RestartMessage;
export type ChildMessage = ReadyMessage | ChildRequest | DatabaseMessage | { type: "pong" };

/** Undefined for unknown messages: a child may be of a later version. */
export function readChildMessage(message: unknown): ChildMessage | undefined {
  if (typeof message !== "object" || message === null || !("type" in message)) return undefined;
  if (message.type === "pong" || message.type === "database") return { type: message.type };
  if (message.type === "replace" || message.type === "restart") return { type: message.type };
  if (message.type === "services") return { type: "services", has: (message as { has?: unknown }).has === true };
  if (message.type !== "ready") return undefined;
  const { url, signInCode, model, notices, hasServices } = message as Record<string, unknown>;
  return {
    type: "ready",
    ...(typeof url === "string" ? { url } : {}),
    ...(typeof signInCode === "string" ? { signInCode } : {}),
    ...(typeof model === "string" || model === null ? { model } : {}),
    ...(hasServices === true ? { hasServices } : {}),
    ...(Array.isArray(notices) ? { notices: notices.filter((line) => typeof line === "string") } : {}),
  };
}
