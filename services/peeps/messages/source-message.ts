/** A message as any source tells of it, before it is known whose handles these are. */

export interface SourceHandle {
  kind: "phone" | "email" | "username";
  /** As the source writes it. */
  value: string;
  /** As the source calls them. */
  name?: string | undefined;
}

export interface SourceAttachment {
  name?: string | undefined;
  mediaType?: string | undefined;
  bytes?: number | undefined;
}

export interface SourceMessage {
  source: MessageSource;
  /** Unique in the source, and the same when it is read again. */
  externalId: string;
  conversation: { id: string; title?: string | undefined; isGroup: boolean };
  isFromOwner: boolean;
  /** Undefined: the owner. */
  sender?: SourceHandle | undefined;
  /** The others of the conversation, as far as the source names them. */
  participants: SourceHandle[];
  /** ISO 8601, UTC. */
  sentAt: string;
  /** Of its last change. */
  editedAt?: string | undefined;
  subject?: string | undefined;
  text: string;
  isDeleted: boolean;
  /** Written by a machine or passed on by a list: its sender is no person. */
  isAutomatic?: boolean | undefined;
  attachments: SourceAttachment[];
  /** The external id of what it answers. */
  replyTo?: string | undefined;
}

/** One reaction to a message; it does not count as having spoken. */
export interface SourceReaction {
  source: MessageSource;
  /** The external id of the message. */
  target: string;
  sender?: SourceHandle | undefined;
  isFromOwner: boolean;
  reaction: string;
  isRemoved: boolean;
  at: string;
}

export type MessageSource = "whatsapp" | "telegram" | "slack" | "mail" | "imessage" | "signal";

export interface MessageFault {
  file?: string | undefined;
  /** From 1. */
  line?: number | undefined;
  reason: string;
}

/** What readers give, in the order of the source. */
export type MessageItem = { message: SourceMessage } | { reaction: SourceReaction } | { fault: MessageFault };
