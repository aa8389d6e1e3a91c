/** Logs in to an IMAP server. What is opened there is opened for reading only, by those who read. */
import { RoostError } from "@roost/base";
import { ImapFlow, type ImapFlowOptions } from "imapflow";
import { isThisMachine } from "../servers/is-this-machine.ts";

export interface MailServer {
  host: string;
  port: number;
  user: string;
  /** TLS from the first byte; else STARTTLS, without which only this machine is spoken to. */
  isSecure: boolean;
  password: string;
  /** Beside the system's: of a server of one's own. */
  ca?: string | undefined;
}

const mailboxesMax = 50;

/** A client that is not connected yet, so that its owner can listen to it first. */
export function createMailClient({ host, port, user, isSecure, password, ca }: MailServer): ImapFlow {
  const options: ImapFlowOptions = {
    host,
    port,
    secure: isSecure,
    ...(isSecure || isThisMachine(host) ? {} : { doSTARTTLS: true }),
    auth: { user, pass: password },
    logger: false,
    ...(ca === undefined ? {} : { tls: { ca } }),
    maxIdleTime: 10 * 60_000,
  };
  return new ImapFlow(options);
}

/** @throws RoostError `forbidden`: the server refuses the login. */
export async function logIn(client: ImapFlow, { host, user }: MailServer): Promise<void> {
  try {
    await client.connect();
  } catch (error) {
    if ((error as { authenticationFailed?: boolean }).authenticationFailed === true)
      throw new RoostError(
        "forbidden",
        `${host} refuses the login of ${user}: look at the secret that holds its password`,
      );
    throw error;
  }
}

/** Those that are wanted; where none are, INBOX and, on demand, what the server calls sent. @throws RoostError `not_found`: it has no such mailbox */
export async function chooseMailboxes(
  client: ImapFlow,
  wanted: readonly string[],
  { withSent }: { withSent: boolean },
): Promise<string[]> {
  if (wanted.length === 0 && !withSent) return ["INBOX"];
  const there = await client.list();
  if (wanted.length === 0) {
    const sent = there.filter(({ specialUse }) => specialUse === String.raw`\Sent`).map(({ path }) => path);
    return ["INBOX", ...sent].slice(0, mailboxesMax);
  }
  const missing = wanted.find((name) => !there.some(({ path }) => path === name));
  if (missing !== undefined)
    throw new RoostError(
      "not_found",
      `there is no mailbox ${missing}: there are ${there
        .map(({ path }) => path)
        .slice(0, 20)
        .join(", ")}`,
    );
  return wanted.slice(0, mailboxesMax);
}
