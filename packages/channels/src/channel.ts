/**
 * The seam of chat channels: what Roost needs of one. An implementation speaks to its service and nothing else; it knows no database, no sessions,
 * and not who may write. Its contract is a suite that every implementation runs: testing/channel-contract.ts.
 */
import { RoostError, type RoostErrorOptions, type ErrorCode } from "@roost/base";

export interface Channel {
  /** `telegram` */
  readonly name: string;
  readonly limits: ChannelLimits;
  /** Its own account there. @throws RoostError `unauthenticated` when its token is refused */
  whoAmI(signal: AbortSignal): Promise<Account>;
  /**
   * What was written after a place, oldest first; waits for something for a while. The same place gives the same updates again, and asking after a
   * place lets the service forget what was before it. One caller at a time: a second one gets `conflict`.
   */
  receive(options: { after: string | null; signal: AbortSignal }): Promise<Update[]>;
  /** Not idempotent. A group that has moved is written to where it is. @throws SendFailed, which says whether it may have been sent */
  send(chat: string, message: NewChatMessage, signal: AbortSignal): Promise<{ ref: string }>;
  /** Idempotent: the message has this text and these buttons afterwards. @throws RoostError `not_found` when there is no such message any more */
  edit(chat: string, ref: string, message: NewChatMessage, signal: AbortSignal): Promise<void>;
  /** Shown to who pressed a button. One that is too old to be answered is no error. */
  answerPress(pressId: string, text: string, signal: AbortSignal): Promise<void>;
  /** @throws SendFailed */
  sendFile(chat: string, file: OutgoingFile, signal: AbortSignal): Promise<{ ref: string }>;
  /** The bytes of a file that was received. @throws RoostError `limit_exceeded` when it is larger than the service gives away */
  readFile(fileId: string, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>>;
}

export interface ChannelLimits {
  /** Of one message. */
  textCharsMax: number;
  buttonsMax: number;
  fileBytesMax: number;
  /** Between two edits of a message, in a private chat and in a group. */
  editEveryMs: { private: number; group: number };
}

export interface Account {
  id: string;
  name: string;
}

export interface NewChatMessage {
  text: string;
  /** One below the other. */
  buttons?: readonly { text: string; press: string }[] | undefined;
  /** The message that it answers. */
  replyTo?: string | undefined;
}

export interface OutgoingFile {
  bytes: Uint8Array<ArrayBuffer>;
  name: string;
  mediaType: string;
  replyTo?: string | undefined;
}

export interface Peer {
  id: string;
  /** Unique there; null: it has none. */
  name: string | null;
  title: string | null;
}

interface AnyUpdate {
  /** Of the update: later ones have later places. */
  place: string;
}

export interface IncomingMessage extends AnyUpdate {
  kind: "message";
  chat: Peer & { kind: "private" | "group" };
  /** Null: no single user, such as a group itself. */
  sender: Peer | null;
  ref: string;
  text: string;
  /** What another person wrote: who passes it on does not vouch for it. */
  isForwarded: boolean;
  /** It names Roost's account, or answers one of its messages. */
  isForMe: boolean;
  replyTo: string | null;
  files: IncomingFile[];
  /** Messages with the same one belong together. */
  album: string | null;
}

export interface IncomingFile {
  fileId: string;
  name: string;
  mediaType: string;
  /** Null: not said. */
  bytes: number | null;
}

export interface Press extends AnyUpdate {
  kind: "press";
  pressId: string;
  chat: { id: string };
  sender: Peer;
  /** The message whose button it was. */
  ref: string | null;
  press: string;
}

/** A group goes on under another id: the service has made it larger. */
export interface MovedGroup extends AnyUpdate {
  kind: "moved";
  from: string;
  to: string;
}

/** Something that Roost has no use for, such as an edit or a member who joins. */
export interface OtherUpdate extends AnyUpdate {
  kind: "other";
}

export type Update = IncomingMessage | Press | MovedGroup | OtherUpdate;

/** A failure of sending, which is never repeated blindly when it may have been sent. */
export class SendFailed extends RoostError {
  /** Whether the message may stand in the chat. */
  readonly isUnknown: boolean;
  /** When the service takes messages again, where it says so. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    { isUnknown, retryAfterMs, ...options }: RoostErrorOptions & { isUnknown: boolean; retryAfterMs?: number },
  ) {
    super(code, message, options);
    this.isUnknown = isUnknown;
    this.retryAfterMs = retryAfterMs;
  }
}
