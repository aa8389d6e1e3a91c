/** A message as any source tells of it, before it is known whose handles these are: what the service takes, before it is fitted into its bounds. */
import type { ReceivedMessageRecord, ReceivedReactionRecord } from "../contract/records.ts";

export type SourceMessage = ReceivedMessageRecord;
export type SourceHandle = SourceMessage["participants"][number];
export type SourceAttachment = SourceMessage["attachments"][number];
/** One reaction to a message; it does not count as having spoken. */
export type SourceReaction = ReceivedReactionRecord;

export interface MessageFault {
  file?: string | undefined;
  /** From 1. */
  line?: number | undefined;
  reason: string;
}

/** What readers give, in the order of the source. */
export type MessageItem = { message: SourceMessage } | { reaction: SourceReaction } | { fault: MessageFault };
